namespace Mapwire.Http.Tests.Fuzzing;

/// <summary>The committed cases.</summary>
internal static class Corpus
{
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Corpus");
}

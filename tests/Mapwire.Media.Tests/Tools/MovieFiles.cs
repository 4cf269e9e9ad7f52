namespace Mapwire.Media.Tests.Tools;

/// <summary>Opens a file of any container as the server does.</summary>
internal static class MovieFiles
{
    public static Movie Parse(byte[] file, MediaLimits? limits = null)
    {
        MovieFileReader reader = new(file.Length, limits);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(file.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }
}

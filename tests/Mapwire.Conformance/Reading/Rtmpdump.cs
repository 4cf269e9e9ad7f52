using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Reading;

/// <summary>What rtmpdump writes of an address.</summary>
internal static class Rtmpdump
{
    /// <summary>
    /// What it returns when the last timestamp is under 99.9 % of the duration, although the server said that the film is
    /// over. So it is with a short film whose last frame lasts longer than a thousandth of it.
    /// </summary>
    private const int Incomplete = 2;

    private const string Complete = "Got Play.Complete or Play.Stop from server";

    /// <param name="address">Of the film.</param>
    /// <param name="options">More of rtmpdump's options.</param>
    public static async Task<Recording> ReadAsync(string address, params string[] options)
    {
        string file = Path.Combine(TemporaryFolder.Create("rtmpdump"), "film.flv");
        ToolResult result = await Tool.RunAsync("rtmpdump", ["-V", "-r", address, "-o", file, .. options]);
        Assert.True(result.ExitCode is 0 or Incomplete && result.Errors.Contains(Complete, StringComparison.Ordinal), result.ToString());
        try
        {
            return FlvFile.Read(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}

using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Reading;

/// <summary>What rtmpdump writes of an address.</summary>
internal static class Rtmpdump
{
    /// <summary>What it says when it believes that the film was cut short.</summary>
    private const int Incomplete = 2;

    /// <param name="address">Of the film.</param>
    /// <param name="mayEndEarly">The server is known to lose the film's last packets.</param>
    /// <param name="options">More of rtmpdump's options.</param>
    public static async Task<Recording> ReadAsync(string address, bool mayEndEarly = false, params string[] options)
    {
        string file = Path.Combine(TemporaryFolder.Create("rtmpdump"), "film.flv");
        ToolResult result = await Tool.RunAsync("rtmpdump", ["-r", address, "-o", file, .. options]);
        Assert.True(result.ExitCode == 0 || (mayEndEarly && result.ExitCode == Incomplete), result.ToString());
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

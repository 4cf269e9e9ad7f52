using System.Text.Json;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Statistics;

/// <summary>The built <c>mapwire top</c>, looking at a folder of the test's own.</summary>
internal static class Top
{
    public static Task<ToolResult> RunAsync(string folder, params string[] options) =>
        Tool.RunAsync(MapwireServer.Program, ["top", "--folder", folder, .. options]);

    /// <summary>What <c>--json</c> says of all servers.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ServersAsync(string folder, params string[] options)
    {
        ToolResult result = await RunAsync(folder, ["--json", .. options]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("", result.Errors);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return [.. document.RootElement.Clone().GetProperty("servers").EnumerateArray()];
    }

    /// <summary>The only server, once it is as wanted; as it was last if it never is.</summary>
    public static async Task<JsonElement> WhenAsync(string folder, Func<JsonElement, bool> wanted)
    {
        for (int look = 0; ; look++)
        {
            JsonElement server = Assert.Single(await ServersAsync(folder));
            if (wanted(server) || look == 40)
            {
                return server;
            }

            await Task.Delay(250);
        }
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    public static double Number(this JsonElement element, string name) => element.GetProperty(name).GetDouble();

    public static IReadOnlyList<JsonElement> List(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray()];
}

using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Browsers;

/// <summary>A Chromium without a window, driven by its WebDriver (W3C WebDriver) with nothing but an HTTP client.</summary>
internal sealed partial class Chromium : IAsyncDisposable
{
    private static readonly string[] Options =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage",
        "--ignore-certificate-errors", "--mute-audio",
    ];

    /// <summary>How long one script may take: that of the longest play of a film of the matrix on a busy machine.</summary>
    private static readonly TimeSpan ScriptLimit = TimeSpan.FromSeconds(120);

    private readonly ServerProcess _driver;
    private readonly HttpClient _client;
    private string _session = "";

    private Chromium(ServerProcess driver, int port)
    {
        _driver = driver;
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = ScriptLimit + TimeSpan.FromSeconds(30) };
    }

    /// <summary>Starts a driver and a browser of its own, which knows nothing of others.</summary>
    public static async Task<Chromium> StartAsync()
    {
        string browser = Tool.Path("chromium");
        ServerProcess driver = ServerProcess.Start(Tool.Path("chromedriver"), ["--port=0"]);
        Chromium chromium;
        try
        {
            Match port = await driver.HearsAsync(StartedPattern());
            chromium = new Chromium(driver, int.Parse(port.Groups[1].Value, CultureInfo.InvariantCulture));
        }
        catch
        {
            await driver.DisposeAsync();
            throw;
        }

        try
        {
            JsonArray options = [.. Options, $"--user-data-dir={TemporaryFolder.Create("chromium")}"];
            JsonNode? created = await chromium.SendAsync(HttpMethod.Post, "session", new JsonObject
            {
                ["capabilities"] = new JsonObject
                {
                    ["alwaysMatch"] = new JsonObject
                    {
                        ["browserName"] = "chrome",
                        ["goog:chromeOptions"] = new JsonObject { ["binary"] = browser, ["args"] = options },
                        ["goog:loggingPrefs"] = new JsonObject { ["browser"] = "ALL" },
                        ["timeouts"] = new JsonObject { ["script"] = (long)ScriptLimit.TotalMilliseconds, ["pageLoad"] = 30_000 },
                    },
                },
            });
            chromium._session = $"session/{created!["sessionId"]!.GetValue<string>()}/";
            return chromium;
        }
        catch
        {
            await chromium.DisposeAsync();
            throw;
        }
    }

    /// <summary>Goes to a page, and waits until it is loaded.</summary>
    public Task GoAsync(string address) => SendAsync(HttpMethod.Post, _session + "url", new JsonObject { ["url"] = address });

    /// <summary>Runs a script in the page, and gives what it returns, or what the promise brings that it returns.</summary>
    /// <param name="script">The body of a function.</param>
    /// <param name="arguments">Its <c>arguments</c>.</param>
    public async Task<JsonNode?> RunAsync(string script, params JsonNode[] arguments) =>
        await SendAsync(HttpMethod.Post, _session + "execute/sync",
            new JsonObject { ["script"] = script, ["args"] = new JsonArray([.. arguments]) });

    /// <summary>The errors that the console was told since the last call, by the page and by the browser itself.</summary>
    public async Task<IReadOnlyList<string>> TakeConsoleAsync()
    {
        JsonNode? entries = await SendAsync(HttpMethod.Post, _session + "se/log", new JsonObject { ["type"] = "browser" });
        return
        [
            .. entries!.AsArray()
                .Where(static entry => entry!["level"]!.GetValue<string>() == "SEVERE")
                .Select(static entry => $"{entry!["level"]}: {entry["message"]}"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_session.Length > 0 && !_driver.HasExited)
            {
                await SendAsync(HttpMethod.Delete, _session.TrimEnd('/'), null);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or WebDriverException)
        {
            // The driver is ended below, with what it started.
        }
        finally
        {
            _client.Dispose();
            await _driver.DisposeAsync();
        }
    }

    private async Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonObject? body)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
            await request.Content.LoadIntoBufferAsync(); // the driver takes no chunks
        }

        using HttpResponseMessage response = await _client.SendAsync(request);
        JsonNode? value = (await response.Content.ReadFromJsonAsync<JsonNode>())?["value"];
        return response.IsSuccessStatusCode ? value : throw new WebDriverException($"{path}: {value?["error"]}: {value?["message"]}");
    }

    [GeneratedRegex(@"started successfully on port (\d+)")]
    private static partial Regex StartedPattern();
}

/// <summary>The browser did not do what it was told.</summary>
internal sealed class WebDriverException(string message) : Exception(message);

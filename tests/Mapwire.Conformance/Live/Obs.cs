using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Live;

/// <summary>OBS on a display that nobody sees: it plays a film in its scene, and publishes and records what it makes of it.</summary>
internal sealed partial class Obs : IAsyncDisposable
{
    private readonly ServerProcess _display;
    private readonly ServerProcess _obs;

    private Obs(ServerProcess display, ServerProcess obs, string recordings)
    {
        _display = display;
        _obs = obs;
        Recordings = recordings;
    }

    /// <summary>What it said.</summary>
    public string Said => _obs.Said;

    /// <summary>The folder with its recording: the same encoders' output as what it publishes.</summary>
    public string Recordings { get; }

    /// <summary>Starts it; it begins to publish and to record by itself.</summary>
    /// <param name="server">The address without the name.</param>
    /// <param name="key">The name with the key, as its users enter it.</param>
    /// <param name="film">What its scene shows, over and over.</param>
    public static async Task<Obs> StartAsync(string server, string key, string film)
    {
        string home = TemporaryFolder.Create("obs");
        string recordings = Directory.CreateDirectory(Path.Combine(home, "recordings")).FullName;
        string settings = Path.Combine(home, ".config", "obs-studio");
        string profile = Directory.CreateDirectory(Path.Combine(settings, "basic", "profiles", "Live")).FullName;
        string scenes = Directory.CreateDirectory(Path.Combine(settings, "basic", "scenes")).FullName;
        await File.WriteAllTextAsync(Path.Combine(settings, "global.ini"), Ini(
            ("General", ["FirstRun=true", "LastVersion=999999999", "EnableAutoUpdates=false", "ConfirmOnExit=false"]),
            ("Basic", ["Profile=Live", "ProfileDir=Live", "SceneCollection=Live", "SceneCollectionFile=Live"])));
        await File.WriteAllTextAsync(Path.Combine(profile, "basic.ini"), Ini(
            ("General", ["Name=Live"]),
            ("Output", ["Mode=Simple"]),
            ("SimpleOutput",
            [
                "VBitrate=500", "ABitrate=96", "StreamEncoder=x264", "UseAdvanced=true", "Preset=ultrafast", "x264Settings=keyint=30",
                "RecQuality=Stream", "RecFormat=flv", "RecFormat2=flv", $"FilePath={recordings}",
            ]),
            ("Video", ["BaseCX=640", "BaseCY=360", "OutputCX=640", "OutputCY=360", "FPSType=0", "FPSCommon=30"]),
            ("Audio", ["SampleRate=48000", "ChannelSetup=Stereo"])));
        await File.WriteAllTextAsync(Path.Combine(profile, "service.json"), $$$"""
            {"settings":{"bwtest":false,"key":{{{Quote(key)}}},"server":{{{Quote(server)}}},"use_auth":false},"type":"rtmp_custom"}
            """);
        await File.WriteAllTextAsync(Path.Combine(scenes, "Live.json"), $$$"""
            {"current_program_scene":"Scene","current_scene":"Scene","name":"Live","scene_order":[{"name":"Scene"}],"sources":[
              {"id":"ffmpeg_source","versioned_id":"ffmpeg_source","name":"Film","settings":{
                "looping":true,"local_file":{{{Quote(film)}}} }},
              {"id":"scene","versioned_id":"scene","name":"Scene","settings":{"custom_size":false,"id_counter":1,"items":[
                {"id":1,"name":"Film","visible":true,"pos":{"x":0.0,"y":0.0},"scale":{"x":1.0,"y":1.0},"bounds":{"x":0.0,"y":0.0}}]}}],
              "groups":[],"transitions":[],"modules":{}}
            """);

        string program = Tool.Path("obs");
        ServerProcess display = ServerProcess.Start(Tool.Path("Xvfb"), ["-displayfd", "1", "-screen", "0", "640x480x24"]);
        try
        {
            string number = (await display.HearsAsync(DisplayLine())).Groups[1].Value;
            return new Obs(display, ServerProcess.Start(
                program,
                [
                    "--multi", "--verbose", "--startstreaming", "--startrecording", "--collection", "Live", "--profile", "Live",
                    "--minimize-to-tray", "--disable-updater",
                ],
                home, ("HOME", home), ("XDG_CONFIG_HOME", Path.Combine(home, ".config")), ("XDG_RUNTIME_DIR", home),
                ("DISPLAY", $":{number}"), ("LIBGL_ALWAYS_SOFTWARE", "1")), recordings);
        }
        catch
        {
            await display.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has it end what it publishes and records, as on closing its window.</summary>
    public async Task EndAsync()
    {
        await _obs.SignalAsync("INT");
        Assert.Equal(0, await _obs.EndsAsync(TimeSpan.FromSeconds(30)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _obs.DisposeAsync();
        await _display.DisposeAsync();
    }

    private static string Ini(params (string Section, string[] Lines)[] sections) => string.Join(
        '\n', sections.SelectMany(static section => (string[])[$"[{section.Section}]", .. section.Lines])) + "\n";

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    [GeneratedRegex(@"^(\d+)\s*$", RegexOptions.Multiline)]
    private static partial Regex DisplayLine();
}

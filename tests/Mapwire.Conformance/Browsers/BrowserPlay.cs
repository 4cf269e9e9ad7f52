using System.Globalization;
using System.Text.Json.Nodes;

namespace Mapwire.Conformance.Browsers;

/// <summary>Plays a film in a page of a browser, and says what was wrong of it.</summary>
internal sealed class BrowserPlay(Chromium browser)
{
    /// <summary>How long nothing may move before a play is given up, in seconds.</summary>
    private const int Patience = 20;

    /// <summary>Faults of a play that are told: behind those nothing more is looked for.</summary>
    private const int MaxFaults = 8;

    private static readonly string Reader = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Pages", "reader.js"));

    /// <summary>Plays a numbered film from its beginning to its end, then seeks to pictures: those that the play left out, and others.
    /// </summary>
    /// <param name="page">The page with the video.</param>
    /// <param name="count">Pictures of the film.</param>
    /// <param name="rate">Pictures a second.</param>
    /// <param name="speed">How fast it is played.</param>
    /// <param name="seeks">How many pictures to seek to, besides those left out; null to seek to none, not even those.</param>
    /// <param name="tolerance">How far a picture's time may be off, in seconds.</param>
    /// <returns>What was wrong.</returns>
    public async Task<IReadOnlyList<string>> CheckNumberedAsync(
        string page, int count, double rate, double speed = 1, int? seeks = 8, double tolerance = FrameCheck.Tolerance)
    {
        (JsonNode play, List<string> wrong) = await PlayAsync(page, speed);
        (int Number, double Time)[] seen =
        [
            .. play["seen"]!.AsArray().Select(static one => (one![0]!.GetValue<int>(), one[1]!.GetValue<double>())),
        ];
        // A picture that is shown again where the play stands says nothing of the film.
        seen = [.. seen.Where((one, i) => i == 0 || one != seen[i - 1])];
        wrong.AddRange(FrameCheck.Differences(seen, rate, tolerance: tolerance).Take(MaxFaults));
        if (seen.Length == 0)
        {
            return wrong;
        }

        double zero = seen[0].Time - (seen[0].Number / rate);
        if (Math.Abs(zero) > 0.35)
        {
            wrong.Add(string.Create(CultureInfo.InvariantCulture, $"picture 0 at {zero:F3} s"));
        }

        IReadOnlyList<int> unseen = FrameCheck.Unseen(seen, count);
        if (unseen.Count > count * 9 / 10) // a machine that is far too busy shows few; those that it leaves out are looked at below
        {
            wrong.Add($"{unseen.Count} of {count} pictures left out");
        }

        Random random = new(count); // the same places in each run
        IEnumerable<int> wanted = seeks is { } more ? unseen.Concat(Enumerable.Range(0, more).Select(_ => random.Next(count))) : [];
        foreach (int number in wanted.Take(count))
        {
            if (wrong.Count >= MaxFaults)
            {
                break; // it is known: each picture that is not there is waited for
            }

            double time = zero + ((number + 0.5) / rate);
            JsonNode? read = await browser.RunAsync(
                "return reader.seek(arguments[0], arguments[1], arguments[2]);", time, Patience, number);
            int found = read![0]!.GetValue<int>();
            if (found != number)
            {
                string shown = found == -2 ? "does not end" : $"shows {found}";
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"a seek to picture {number} at {time:F3} s {shown}"));
            }
            else if (FrameCheck.Differences([(found, read[1]!.GetValue<double>())], rate, zero, tolerance).Any())
            {
                string shown = $"shows it as of {read[1]} s";
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"a seek to picture {number} at {time:F3} s {shown}"));
            }
        }

        wrong.AddRange(await browser.TakeConsoleAsync());
        return wrong;
    }

    /// <summary>Plays a numbered film that begins again, up to a time: the same pictures, each at its place in its round.</summary>
    /// <param name="page">The page with the video.</param>
    /// <param name="until">The time, in seconds.</param>
    /// <param name="count">Pictures of the film.</param>
    /// <param name="rate">Pictures a second.</param>
    /// <returns>When each round began, and what was wrong.</returns>
    public async Task<(IReadOnlyList<double> Rounds, List<string> Wrong)> PlayRoundsAsync(string page, double until, int count, double rate)
    {
        await browser.TakeConsoleAsync();
        await browser.GoAsync(page);
        await browser.RunAsync(Reader);
        JsonNode play = (await browser.RunAsync("return reader.play(arguments[0], arguments[1], arguments[2]);", 2, Patience, until))!;
        List<string> wrong = [.. await browser.TakeConsoleAsync()];
        if (play["error"] is { } error || play["time"]!.GetValue<double>() < until)
        {
            wrong.Add($"it plays to {play["time"]} s of {until}: {play["error"]}");
        }

        List<double> rounds = [];
        int before = count;
        foreach (JsonNode? one in play["seen"]!.AsArray())
        {
            (int number, double time) = (one![0]!.GetValue<int>(), one[1]!.GetValue<double>());
            double zero = time - (number / rate);
            if (number < before - (count / 2))
            {
                rounds.Add(zero);
            }
            else if (number < before || number < 0 || number >= count || Math.Abs(zero - rounds[^1]) > FrameCheck.Tolerance)
            {
                wrong.Add(string.Create(
                    CultureInfo.InvariantCulture, $"picture {number} at {time:F3} s behind {before}, in a round from {rounds[^1]:F3} s"));
            }

            before = number;
        }

        return (rounds, wrong);
    }

    /// <summary>Plays any film to its end.</summary>
    /// <returns>What the video element said at the end, and what was wrong.</returns>
    public async Task<(JsonNode Play, List<string> Wrong)> PlayAsync(string page, double speed)
    {
        await browser.TakeConsoleAsync();
        JsonNode play = await PlayOnceAsync(page, speed);
        if (IsHanging(play))
        {
            play = await PlayOnceAsync(page, speed);
        }

        return (play, await JudgeAsync(play));
    }

    /// <summary>What was wrong of a play that should have come to its end.</summary>
    private async Task<List<string>> JudgeAsync(JsonNode play)
    {
        List<string> wrong = [.. await browser.TakeConsoleAsync()];
        if (play["error"] is { } error)
        {
            wrong.Add($"the video element says: {error}");
        }

        if (!play["ended"]!.GetValue<bool>())
        {
            wrong.Add(
                $"it did not end: at {play["time"]} of {play["duration"]} s, ready {play["ready"]}, buffered "
                + $"{play["buffered"]!.ToJsonString()}, asked last for {play["asked"]!.ToJsonString()}");
        }

        return wrong;
    }

    /// <summary>Plays a live stream of numbered pictures with hls.js to its end.</summary>
    /// <param name="page">The page with the video.</param>
    /// <param name="rate">Pictures a second.</param>
    /// <returns>The pictures, and what was wrong.</returns>
    public async Task<(IReadOnlyList<LivePicture> Pictures, List<string> Wrong)> PlayLiveAsync(string page, double rate)
    {
        await browser.TakeConsoleAsync();
        JsonNode play = await PlayOnceAsync(page, 1); // once: it is over afterwards
        List<string> wrong = [.. await JudgeAsync(play)];
        (int Number, double Time)[] seen =
        [
            .. play["seen"]!.AsArray().Select(static one => (one![0]!.GetValue<int>(), one[1]!.GetValue<double>())),
        ];
        seen = [.. seen.Where((one, i) => i == 0 || one != seen[i - 1])];
        wrong.AddRange(FrameCheck.Differences(seen, rate).Take(8));
        return (
            [
                .. play["seen"]!.AsArray().Where(static one => one!.AsArray() is [_, _, _, not null]).Select(static one => new LivePicture(
                    one![0]!.GetValue<int>(), DateTimeOffset.UnixEpoch.AddMilliseconds(one[2]!.GetValue<double>()),
                    DateTimeOffset.UnixEpoch.AddMilliseconds(one[3]!.GetValue<double>()))),
            ],
            wrong);
    }

    /// <summary>Opens a page and waits for the cues of a language: <c>START-END TEXT;</c> for each.</summary>
    /// <param name="page">The page with the video.</param>
    /// <param name="language">Of the text track.</param>
    /// <param name="count">How many cues there must be.</param>
    public async Task<string> CuesAsync(string page, string language, int count)
    {
        await browser.GoAsync(page);
        JsonNode? cues = await browser.RunAsync(
            """
            const video = document.getElementById("video"), [language, count, seconds] = arguments;
            return new Promise(done => {
              const end = Date.now() + seconds * 1000;
              const look = () => {
                const track = [...video.textTracks].find(one => one.language === language);
                if (track) track.mode = "showing";
                const cues = track && track.cues ? [...track.cues] : [];
                if (cues.length >= count || Date.now() > end) {
                  done(cues.map(one => `${one.startTime}-${one.endTime} ${one.text};`).join(""));
                } else {
                  setTimeout(look, 100);
                }
              };
              look();
            });
            """, language, count, Patience);
        return cues!.GetValue<string>();
    }

    /// <summary>Opens a page and waits until an element has a text.</summary>
    /// <param name="page">The page.</param>
    /// <param name="id">The element's.</param>
    public async Task<string> TextAsync(string page, string id)
    {
        await browser.GoAsync(page);
        for (int i = 0; i < 10 * Patience; i++)
        {
            string text = (await browser.RunAsync("return document.getElementById(arguments[0]).textContent;", id))!.GetValue<string>();
            if (text.Length > 0)
            {
                await browser.TakeConsoleAsync(); // the browser tells of every answer that is none
                return text;
            }

            await Task.Delay(100);
        }

        return "";
    }

    /// <summary>
    /// Whether a play stands still with all its data there and no error. On a machine that is far too busy one in a hundred does, with
    /// dash.js; whether it or the browser is at fault is not known. Twice in a row is a fault.
    /// </summary>
    private static bool IsHanging(JsonNode play) =>
        !play["ended"]!.GetValue<bool>() && play["error"] is null && play["ready"]!.GetValue<int>() == 4;

    private async Task<JsonNode> PlayOnceAsync(string page, double speed)
    {
        await browser.GoAsync(page);
        await browser.RunAsync(Reader);
        return (await browser.RunAsync("return reader.play(arguments[0], arguments[1]);", speed, Patience))!;
    }
}

/// <summary>A picture of a live stream that was shown.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Shown">When it was shown.</param>
/// <param name="Date">When it was, by EXT-X-PROGRAM-DATE-TIME.</param>
internal sealed record LivePicture(int Number, DateTimeOffset Shown, DateTimeOffset Date);

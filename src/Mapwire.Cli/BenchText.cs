using System.Globalization;
using Mapwire.Load;
using Mapwire.Load.Measuring;

namespace Mapwire.Cli;

/// <summary>A load report for people.</summary>
internal static class BenchText
{
    /// <summary>Writes the report.</summary>
    public static void Write(TextWriter output, LoadReport report)
    {
        LoadOptions options = report.Options;
        output.WriteLine(options.Publish is null
            ? Line($"{options.Players} players, {options.Mode.ToString().ToLowerInvariant()}, measured {report.Seconds:0.0} s")
            : Line($"{options.Players} publishers, {options.Watch} viewers, measured {report.Seconds:0.0} s"));
        if (report.Publish is { } published)
        {
            Write(output, published, options.Players);
        }

        if (options.Publish is null || options.Watch > 0)
        {
            WritePlays(output, report);
        }

        output.WriteLine("  milliseconds        p50       p90       p99       max     count");
        Write(output, "connection", report.Established);
        Write(output, "connect", report.Accepted);
        Write(output, "first frame", report.FirstFrame);
        Write(output, "seek", report.Seek);
        if (report.Http is { } times)
        {
            Write(output, "playlist", times.PlaylistFirstByte);
            Write(output, "first byte", times.FirstByte);
            Write(output, "last byte", times.LastByte);
            Write(output, "part", times.PartDelay);
        }

        if (report.Publish is { } live)
        {
            Write(output, "from play", live.FirstFrame);
            Write(output, "latency", live.Match?.Latency ?? default);
        }

        Write(output, "own lateness", report.Lateness);
        if (report.SeeksUnanswered > 0)
        {
            output.WriteLine(Line($"  {report.SeeksUnanswered} seeks brought no keyframe"));
        }

        foreach ((string reason, long count) in report.Failures)
        {
            output.WriteLine(Line($"  failed       {count} times: {reason}"));
        }

        if (Advice(report) is { } advice)
        {
            output.WriteLine($"  {advice}");
        }

        if (report.WasPaced)
        {
            output.WriteLine("  The server paces players that ask for everything at once (mapwire serve: --max-buffer).");
        }

        output.WriteLine(Line($"  load CPU     {report.CpuSeconds:0.00} s, {report.CpuSeconds / report.Seconds:0.0%} of a core"));
        if (report.Server is { } server)
        {
            output.WriteLine(
                Line($"  server CPU   {server.CpuSeconds:0.00} s, {server.CpuShare:0.0%} of a core, ",
                    $"{server.CpuSecondsPerGigabyte:0.000} s a GB"));
            output.WriteLine(
                Line($"  server PSS   {server.ProportionalBytes / 1e6:0.0} MB, idle {server.IdleProportionalBytes / 1e6:0.0} MB: ",
                    $"{server.ProportionalBytesPerPlayer / 1024:0.00} KiB a player"));
            output.WriteLine(Line($"  sockets      {server.KernelSocketBytes / 1e6:0.0} MB in the kernel, both sides"));
        }
    }

    private static void WritePlays(TextWriter output, LoadReport report)
    {
        output.WriteLine(
            Line($"  received     {report.Bytes / 1e6:0.0} MB in all; measured {report.MeasuredBytes / 1e6:0.0} MB, ",
                $"{report.GigabytesPerSecond:0.000} GB/s, {report.Speed:0.00} s of film a second"));
        output.WriteLine(Line($"  players      {report.ServedPlayers} got a first frame, {report.Playing} playing at the end"));
        output.WriteLine(
            Line($"  plays        {report.Plays} of {report.Connections} connections ({report.PlaysPerSecond:0.0} a second measured), ",
                $"{report.Ended} to the end, {report.Lost} broke off"));
        if (report.Http is { } http)
        {
            output.WriteLine(
                Line($"  http         {http.Requests} requests, {http.Playlists} playlists, {http.Segments} segments or files, ",
                    $"{http.LateSegments} late, {http.Reconnects} sent again"));
        }

        output.WriteLine(Line($"  media        {report.Frames} frames, {report.Backwards} backwards, {report.Gaps} gaps over 2 s"));
        output.WriteLine(Stalls(report));
    }

    /// <summary>What to look at first when players failed; null when none did.</summary>
    public static string? Advice(LoadReport report) => report.Failures.Count == 0
        ? null
        : "A server that bounds what one address may have refuses many players of one machine; mapwire serve takes them with "
            + "--max-address-connections 0 --max-address-connects 0.";

    /// <summary>What was not measured is not 0.</summary>
    private static string Stalls(LoadReport report) => report.ServedPlayers == 0
        ? "  stalls       not measured: no player got a first frame"
        : Line($"  stalls       {report.Stalls}, by {report.StalledPlayers} of {report.ServedPlayers} players, ",
            $"{report.StalledSeconds:0.0} s in all; least media in hand (p1) ")
            + (report.LeastLeadP1 is { } lead ? Line($"{lead:0} ms") : "not measured: no play showed more than a second");

    private static void Write(TextWriter output, PublishReport report, int publishers)
    {
        output.WriteLine(
            Line($"  publishers   {report.Connected} of {publishers} connected, {report.Publishing} published, {report.Refused} refused"));
        output.WriteLine(
            Line($"  published    {report.Messages} messages, {report.Bytes / 1e6:0.0} MB; {report.LateMessages} late by more than 100 ms ",
                $"(this side), {report.HeldMessages} held up by the server"));
        if (report.Reconnects + report.Stalled + report.Jumps > 0)
        {
            output.WriteLine(
                Line($"  faults       {report.Reconnects} connections cut, {report.Stalled} stalls, {report.Jumps} jumps of timestamps"));
        }

        foreach ((string reason, long count) in report.Refusals)
        {
            output.WriteLine(Line($"  refused      {count} times: {reason}"));
        }

        if (report.Match is { } match)
        {
            output.WriteLine(
                Line($"  compared     {match.Matched} frames as sent, {match.Missing} missing, {match.Repeated} repeated, ",
                    $"{match.Altered} altered"));
        }
    }

    private static void Write(TextWriter output, string what, LatencySummary latency)
    {
        if (latency.Count > 0)
        {
            output.WriteLine(
                Line($"    {what,-12} {latency.P50,9:0.00} {latency.P90,9:0.00} {latency.P99,9:0.00} {latency.Max,9:0.00} ",
                    $"{latency.Count,9}"));
        }
    }

    private static string Line(params FormattableString[] parts) =>
        string.Concat(parts.Select(part => part.ToString(CultureInfo.InvariantCulture)));
}

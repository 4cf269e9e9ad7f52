using System.Collections.Immutable;
using Mapwire.Load.Measuring;

namespace Mapwire.Load;

/// <summary>What a test found. Latencies count from the intended moment, so a queue before the connection counts too.</summary>
public sealed record LoadReport
{
    /// <summary>What was asked for.</summary>
    public required LoadOptions Options { get; init; }

    /// <summary>The measured time, after the ramp, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Bytes received in all.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes received in the measured time.</summary>
    public required long MeasuredBytes { get; init; }

    /// <summary>10^9 bytes a second in the measured time.</summary>
    public double GigabytesPerSecond => MeasuredBytes / 1e9 / Seconds;

    /// <summary>Connections begun.</summary>
    public required long Connections { get; init; }

    /// <summary>Plays whose first frame came.</summary>
    public required long Plays { get; init; }

    /// <summary>First frames a second in the measured time: in churn, what the server manages.</summary>
    public required double PlaysPerSecond { get; init; }

    /// <summary>Players that got a first frame at least once.</summary>
    public required long ServedPlayers { get; init; }

    /// <summary>Players that had media to show at the end.</summary>
    public required long Playing { get; init; }

    /// <summary>Plays that the server ended because the film was over.</summary>
    public required long Ended { get; init; }

    /// <summary>Plays that broke off.</summary>
    public required long Lost { get; init; }

    /// <summary>Why connections failed, and how often.</summary>
    public required ImmutableSortedDictionary<string, long> Failures { get; init; }

    /// <summary>Coded frames received.</summary>
    public required long Frames { get; init; }

    /// <summary>Frames whose time lay before that of the one before.</summary>
    public required long Backwards { get; init; }

    /// <summary>Steps of a track's time longer than 2 s.</summary>
    public required long Gaps { get; init; }

    /// <summary>Times that a player had nothing left to show for more than 100 ms.</summary>
    public required long Stalls { get; init; }

    /// <summary>Players that it happened to.</summary>
    public required long StalledPlayers { get; init; }

    /// <summary>How long they stood, all together, in seconds.</summary>
    public required double StalledSeconds { get; init; }

    /// <summary>
    /// The least media that a play had in hand after its first second, in milliseconds: one play in a hundred had less. Null when no play
    /// lasted so long.
    /// </summary>
    public required double? LeastLeadP1 { get; init; }

    /// <summary>Seconds of film received for each second that a player was on.</summary>
    public required double Speed { get; init; }

    /// <summary>Players asked for everything at once, and the server sent by the clock all the same.</summary>
    public required bool WasPaced { get; init; }

    /// <summary>From the intended start to the established connection.</summary>
    public required LatencySummary Established { get; init; }

    /// <summary>From the intended start to the accepted connect command.</summary>
    public required LatencySummary Accepted { get; init; }

    /// <summary>From the intended start to the first frame of video (of audio, where there is no video).</summary>
    public required LatencySummary FirstFrame { get; init; }

    /// <summary>From the intended seek to the first keyframe after it.</summary>
    public required LatencySummary Seek { get; init; }

    /// <summary>Pauses asked for.</summary>
    public required long Pauses { get; init; }

    /// <summary>Seeks that brought no keyframe before the next one or the end.</summary>
    public required long SeeksUnanswered { get; init; }

    /// <summary>How late this side was with what it had planned: what of the latencies is its own.</summary>
    public required LatencySummary Lateness { get; init; }

    /// <summary>Processor time of this process in the measured time, in seconds.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>What the server's processes used; null when none were named, or the system does not tell.</summary>
    public required ServerReport? Server { get; init; }

    /// <summary>What only viewers of HTTP have; null for players of RTMP.</summary>
    public HttpReport? Http { get; init; }

    /// <summary>What those who publish did; null when nothing was published.</summary>
    public PublishReport? Publish { get; init; }
}

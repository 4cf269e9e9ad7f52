using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>play (RTMP 1.0, section 7.2.2.1).</summary>
/// <remarks>
/// "play" | 0 | null | name | start | duration | reset; all after the name may be missing. The specification counts start and
/// duration in seconds; every client sends milliseconds: Flash and ffmpeg -2000 for "live or recorded", librtmp -1000 for live.
/// </remarks>
/// <param name="TransactionId">Usually 0: the answers are onStatus commands.</param>
/// <param name="Name">The stream's name, exactly as sent: with prefix, slashes and query.</param>
/// <param name="StartMilliseconds">
/// Where to start, from 0; or <see cref="AnyStart"/> (live if there is, else recorded from the start) or <see cref="LiveStart"/>
/// (live only). Parsing takes the specification's -2 and -1 for these too, and any other negative number for the first.
/// </param>
/// <param name="DurationMilliseconds">
/// How much to play: from 0 (one frame), or <see cref="WholeDuration"/>; parsing takes any negative number for the latter.
/// </param>
/// <param name="Reset">Whether to forget the playlist before: what Flash sends as false or 0 appends to it. Default true.</param>
public sealed record PlayCommand(
    double TransactionId,
    string Name,
    double StartMilliseconds = PlayCommand.AnyStart,
    double DurationMilliseconds = PlayCommand.WholeDuration,
    bool Reset = true)
{
    /// <summary>Start: live if there is, else recorded from the start.</summary>
    public const double AnyStart = -2000;

    /// <summary>Start: live only.</summary>
    public const double LiveStart = -1000;

    /// <summary>Duration: to the end.</summary>
    public const double WholeDuration = -1000;

    /// <summary>Reads what follows the transaction id.</summary>
    /// <exception cref="RtmpProtocolException">An argument is of the wrong type.</exception>
    public static PlayCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        string name = command.ReadString();
        double start = NormalizeStart(command.ReadNumber(AnyStart));
        double duration = NormalizeDuration(command.ReadNumber(WholeDuration));
        return new PlayCommand(command.TransactionId, name, start, duration, command.ReadBoolean(true));
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.Play);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteString(Name);
        writer.WriteNumber(StartMilliseconds);
        writer.WriteNumber(DurationMilliseconds);
        writer.WriteBoolean(Reset);
    }

    internal static double NormalizeStart(double start) => start >= 0 ? start : start is -1 or LiveStart ? LiveStart : AnyStart;

    internal static double NormalizeDuration(double duration) => duration >= 0 ? duration : WholeDuration;
}

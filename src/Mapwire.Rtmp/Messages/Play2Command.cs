using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>play2: switches to another version of what plays (RTMP 1.0, section 7.2.2.2; ActionScript's NetStreamPlayOptions).</summary>
/// <remarks>"play2" | 0 | null | object of streamName, oldStreamName, start, len, offset (all seconds) and transition.</remarks>
/// <param name="TransactionId">Usually 0.</param>
/// <param name="StreamName">The stream to go to, exactly as sent.</param>
/// <param name="OldStreamName">The stream to leave; empty when not said.</param>
/// <param name="Transition">append, appendAndWait, reset, resume, stop, swap or switch; empty when not said.</param>
/// <param name="StartMilliseconds">As in <see cref="PlayCommand"/>.</param>
/// <param name="DurationMilliseconds">As in <see cref="PlayCommand"/>.</param>
/// <param name="OffsetMilliseconds">Where in the stream to switch; -1000 when it does not matter.</param>
public sealed record Play2Command(
    double TransactionId,
    string StreamName,
    string OldStreamName = "",
    string Transition = "",
    double StartMilliseconds = PlayCommand.AnyStart,
    double DurationMilliseconds = PlayCommand.WholeDuration,
    double OffsetMilliseconds = Play2Command.AnyOffset)
{
    /// <summary>Offset: it does not matter where.</summary>
    public const double AnyOffset = -1000;

    /// <summary>Reads what follows the transaction id.</summary>
    /// <exception cref="RtmpProtocolException">The object is missing or not an object.</exception>
    public static Play2Command Parse(ref CommandReader command)
    {
        command.SkipObject();
        int at = command.Arguments.Offset;
        AmfValue options = command.Arguments.ReadValue();
        if (options.Kind is not (AmfKind.Object or AmfKind.EcmaArray))
        {
            throw new RtmpProtocolException(RtmpError.AmfType, "play2 without its object", at);
        }

        return new Play2Command(
            command.TransactionId,
            options["streamName"]?.AsString() ?? "",
            options["oldStreamName"]?.AsString() ?? "",
            options["transition"]?.AsString() ?? "",
            PlayCommand.NormalizeStart(Milliseconds(options["start"])),
            PlayCommand.NormalizeDuration(Milliseconds(options["len"])),
            Milliseconds(options["offset"]) is >= 0 and double offset ? offset : AnyOffset);
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.Play2);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteObject();
        writer.WriteProperty("streamName", StreamName);
        writer.WriteProperty("oldStreamName", OldStreamName);
        writer.WriteProperty("transition", Transition);
        writer.WriteProperty("start", StartMilliseconds / 1000);
        writer.WriteProperty("len", DurationMilliseconds / 1000);
        writer.WriteProperty("offset", OffsetMilliseconds / 1000);
        writer.WriteEnd();
    }

    private static double Milliseconds(AmfValue? seconds) => seconds?.AsNumber() * 1000 ?? double.NaN;
}

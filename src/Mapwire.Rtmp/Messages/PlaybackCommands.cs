using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>seek (RTMP 1.0, section 7.2.2.7): "seek" | 0 | null | milliseconds.</summary>
/// <param name="TransactionId">0.</param>
/// <param name="Milliseconds">Where to: not negative.</param>
public readonly record struct SeekCommand(double TransactionId, double Milliseconds)
{
    /// <summary>Reads what follows the transaction id. A negative time or one that is not finite counts as 0.</summary>
    /// <exception cref="RtmpProtocolException">The time is not a number.</exception>
    public static SeekCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        return new SeekCommand(command.TransactionId, PauseCommand.Clamp(command.ReadNumber(0)));
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.Seek);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteNumber(Milliseconds);
    }
}

/// <summary>pause (RTMP 1.0, section 7.2.2.8): "pause" | 0 | null | whether | milliseconds. pauseRaw is the same.</summary>
/// <param name="TransactionId">0.</param>
/// <param name="Paused">true pauses, false plays on.</param>
/// <param name="Milliseconds">The client's own position: not negative.</param>
public readonly record struct PauseCommand(double TransactionId, bool Paused, double Milliseconds)
{
    /// <summary>Reads what follows the transaction id. A negative time or one that is not finite counts as 0.</summary>
    /// <exception cref="RtmpProtocolException">An argument is of the wrong type.</exception>
    public static PauseCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        bool paused = command.ReadBoolean(true);
        return new PauseCommand(command.TransactionId, paused, Clamp(command.ReadNumber(0)));
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.Pause);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteBoolean(Paused);
        writer.WriteNumber(Milliseconds);
    }

    internal static double Clamp(double milliseconds) => milliseconds >= 0 && double.IsFinite(milliseconds) ? milliseconds : 0;
}

/// <summary>receiveAudio, receiveVideo (RTMP 1.0, sections 7.2.2.4 and 7.2.2.5): command | 0 | null | whether.</summary>
/// <param name="TransactionId">0.</param>
/// <param name="IsVideo">Which of the two commands.</param>
/// <param name="Receive">Whether the client wants to be sent it.</param>
public readonly record struct ReceiveCommand(double TransactionId, bool IsVideo, bool Receive)
{
    /// <summary>Reads what follows the transaction id.</summary>
    /// <exception cref="RtmpProtocolException">The argument is of the wrong type.</exception>
    public static ReceiveCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        bool isVideo = command.Name.SequenceEqual("receiveVideo"u8);
        return new ReceiveCommand(command.TransactionId, isVideo, command.ReadBoolean(true));
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(IsVideo ? CommandNames.ReceiveVideo : CommandNames.ReceiveAudio);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteBoolean(Receive);
    }
}

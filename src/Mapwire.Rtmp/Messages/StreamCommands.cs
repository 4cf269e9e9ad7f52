using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>createStream (RTMP 1.0, section 7.2.1.3): "createStream" | transaction id | null.</summary>
/// <param name="TransactionId">The number that the answer repeats.</param>
public readonly record struct CreateStreamCommand(double TransactionId)
{
    /// <summary>Reads what follows the transaction id.</summary>
    public static CreateStreamCommand Parse(ref CommandReader command) => new(command.TransactionId);

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.CreateStream);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
    }
}

/// <summary>deleteStream (RTMP 1.0, section 7.2.2.3): "deleteStream" | 0 | null | message stream id.</summary>
/// <param name="TransactionId">0.</param>
/// <param name="StreamId">The stream to delete.</param>
public readonly record struct DeleteStreamCommand(double TransactionId, uint StreamId)
{
    /// <summary>Reads what follows the transaction id.</summary>
    /// <exception cref="RtmpProtocolException">The id is not a number of 32 bits.</exception>
    public static DeleteStreamCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        int at = command.Arguments.Offset;
        double id = command.ReadNumber(0);
        return id is >= 0 and <= uint.MaxValue
            ? new DeleteStreamCommand(command.TransactionId, (uint)id)
            : throw new RtmpProtocolException(RtmpError.MalformedMessage, "deleteStream of an impossible id", at);
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.DeleteStream);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteNumber(StreamId);
    }
}

/// <summary>closeStream: "closeStream" | 0 | null, on the stream itself, which may play again after it.</summary>
/// <param name="TransactionId">0.</param>
public readonly record struct CloseStreamCommand(double TransactionId)
{
    /// <summary>Reads what follows the transaction id.</summary>
    public static CloseStreamCommand Parse(ref CommandReader command) => new(command.TransactionId);

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.CloseStream);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
    }
}

/// <summary>
/// Commands whose one argument is a stream's name: getStreamLength, releaseStream, FCPublish, FCUnpublish, FCSubscribe,
/// FCUnsubscribe, and publish (whose type follows it): command | transaction id | null | name.
/// </summary>
/// <param name="Command">The command's name.</param>
/// <param name="TransactionId">The number that the answer repeats; 0 wants none.</param>
/// <param name="StreamName">The stream's name, exactly as sent.</param>
public sealed record StreamNameCommand(string Command, double TransactionId, string StreamName)
{
    /// <summary>Reads what follows the transaction id.</summary>
    /// <exception cref="RtmpProtocolException">The name is not a string.</exception>
    public static StreamNameCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        return new StreamNameCommand(System.Text.Encoding.UTF8.GetString(command.Name), command.TransactionId, command.ReadString());
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(Command);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteString(StreamName);
    }
}

using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>publish (RTMP 1.0, section 7.2.2.6): "publish" | transaction id | null | name | type.</summary>
/// <param name="TransactionId">Mostly not 0, though the answers are onStatus commands.</param>
/// <param name="Name">The stream's name, exactly as sent: with prefix, slashes and query, or empty. Encoders put keys into it.</param>
/// <param name="Type">What the server is asked to do with the stream.</param>
public sealed record PublishCommand(double TransactionId, string Name, PublishType Type = PublishType.Live)
{
    /// <summary>Reads what follows the transaction id. A type that is missing or not known counts as live.</summary>
    /// <exception cref="RtmpProtocolException">The name is not a string, or an argument is malformed.</exception>
    public static PublishCommand Parse(ref CommandReader command)
    {
        command.SkipObject();
        string name = command.ReadString();
        string? type = command.IsAtEnd ? null : command.ReadValue().AsString();
        return new PublishCommand(command.TransactionId, name, type switch
        {
            "record" => PublishType.Record,
            "append" => PublishType.Append,
            _ => PublishType.Live,
        });
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.Publish);
        writer.WriteNumber(TransactionId);
        writer.WriteNull();
        writer.WriteString(Name);
        writer.WriteString(Type switch
        {
            PublishType.Record => "record",
            PublishType.Append => "append",
            _ => "live",
        });
    }
}

/// <summary>What a server is asked to do with a stream that is published (RTMP 1.0, section 7.2.2.6).</summary>
public enum PublishType
{
    /// <summary>Pass it on.</summary>
    Live,

    /// <summary>Pass it on and record it, instead of a recording of its name.</summary>
    Record,

    /// <summary>Pass it on and record it behind a recording of its name.</summary>
    Append,
}

using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>connect: the client's first command (RTMP 1.0, section 7.2.1.1).</summary>
/// <remarks>"connect" | transaction id | object of properties | further arguments, of any kind.</remarks>
public sealed record ConnectCommand
{
    /// <summary>Creates the command from its parts.</summary>
    /// <param name="transactionId">1, by the specification.</param>
    /// <param name="properties">The object, with everything the client said.</param>
    /// <param name="arguments">Further arguments as a strict array; null is none.</param>
    public ConnectCommand(double transactionId, AmfValue properties, AmfValue? arguments = null)
    {
        TransactionId = transactionId;
        Properties = properties;
        Arguments = arguments ?? AmfValue.StrictArray();
        App = properties["app"]?.AsString() ?? "";
        TcUrl = properties["tcUrl"]?.AsString();
        FlashVersion = properties["flashVer"]?.AsString();
        ObjectEncoding = properties["objectEncoding"]?.AsNumber() == 3 ? 3 : 0;
        Capabilities = ClientCapabilities.Parse(properties);
    }

    /// <summary>The number that the answer repeats.</summary>
    public double TransactionId { get; }

    /// <summary>All properties as sent.</summary>
    public AmfValue Properties { get; }

    /// <summary>Further arguments, a strict array.</summary>
    public AmfValue Arguments { get; }

    /// <summary>app: the application, exactly as sent; may hold slashes and a query. Empty when missing.</summary>
    public string App { get; }

    /// <summary>tcUrl: the URL that the client connected to.</summary>
    public string? TcUrl { get; }

    /// <summary>flashVer: what the client says it is.</summary>
    public string? FlashVersion { get; }

    /// <summary>objectEncoding: 0 for AMF0, 3 for AMF3; all else counts as 0.</summary>
    public int ObjectEncoding { get; }

    /// <summary>What the client says of Enhanced RTMP.</summary>
    public ClientCapabilities Capabilities { get; }

    /// <summary>Reads what follows the transaction id.</summary>
    /// <exception cref="RtmpProtocolException">The object is missing or not an object.</exception>
    public static ConnectCommand Parse(ref CommandReader command)
    {
        int at = command.Arguments.Offset;
        AmfValue properties = command.Arguments.ReadValue();
        if (properties.Kind is not (AmfKind.Object or AmfKind.EcmaArray))
        {
            throw new RtmpProtocolException(RtmpError.AmfType, "connect without its object", at);
        }

        List<AmfValue> arguments = [];
        while (!command.Arguments.IsAtEnd)
        {
            arguments.Add(command.Arguments.ReadValue());
        }

        return new ConnectCommand(command.TransactionId, properties, AmfValue.StrictArray([.. arguments]));
    }

    /// <summary>Writes the whole command.</summary>
    public void WriteTo(ref Amf0Writer writer)
    {
        writer.WriteString(CommandNames.Connect);
        writer.WriteNumber(TransactionId);
        writer.WriteValue(Properties);
        foreach (AmfValue argument in Arguments.Items)
        {
            writer.WriteValue(argument);
        }
    }
}

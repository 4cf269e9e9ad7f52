namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>One step of a case of <see cref="PublishSubject"/>: <c>kind(8) | number(16) | length(16) | bytes</c>.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Number">How: a step of time, a choice.</param>
/// <param name="Bytes">What is sent.</param>
internal readonly record struct PublishOp(PublishOpKind Kind, int Number, byte[] Bytes)
{
    private const int HeaderLength = 5;
    private const int MaxLength = 0xFFFF;

    /// <summary>The steps that bytes mean: any bytes mean some.</summary>
    public static List<PublishOp> Read(ReadOnlySpan<byte> bytes)
    {
        List<PublishOp> ops = [];
        while (bytes.Length >= HeaderLength)
        {
            int length = Math.Min(bytes[3] << 8 | bytes[4], bytes.Length - HeaderLength);
            ops.Add(new PublishOp(
                (PublishOpKind)(bytes[0] % (int)PublishOpKind.Count), bytes[1] << 8 | bytes[2],
                bytes.Slice(HeaderLength, length).ToArray()));
            bytes = bytes[(HeaderLength + length)..];
        }

        return ops;
    }

    /// <summary>The bytes of steps.</summary>
    public static byte[] Write(IEnumerable<PublishOp> ops) =>
    [
        .. ops.SelectMany(static op => (byte[])
        [
            (byte)op.Kind, (byte)(op.Number >> 8), (byte)op.Number, (byte)(Math.Min(op.Bytes.Length, MaxLength) >> 8),
            (byte)Math.Min(op.Bytes.Length, MaxLength), .. op.Bytes.Take(MaxLength),
        ]),
    ];
}

/// <summary>What a step does.</summary>
internal enum PublishOpKind : byte
{
    /// <summary>A video message.</summary>
    Video,

    /// <summary>An audio message.</summary>
    Audio,

    /// <summary>A data message.</summary>
    Data,

    /// <summary>An aggregate message.</summary>
    Aggregate,

    /// <summary>Bytes that need not be chunks.</summary>
    Raw,

    /// <summary>A command: publish, play and their ends, in and out of order.</summary>
    Command,

    /// <summary>Time goes by.</summary>
    Wait,

    /// <summary>Those who watch read some bytes.</summary>
    Read,

    /// <summary>One more watches.</summary>
    Watch,

    /// <summary>Another connection publishes; the one before is lost, or stays.</summary>
    Reconnect,

    /// <summary>The message before comes once more, many times.</summary>
    Repeat,

    /// <summary>How many there are.</summary>
    Count,
}

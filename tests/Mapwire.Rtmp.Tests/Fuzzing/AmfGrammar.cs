using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// Writes AMF by the grammar (AMF0 1.21, AMF3 3.1) with every marker, reference and length that it knows, right and wrong.
/// </summary>
/// <param name="random">The only source of chance.</param>
internal sealed class AmfGrammar(Random random)
{
    private static readonly string[] Names =
    [
        "", "a", "app", "tcUrl", "objectEncoding", "capsEx", "fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "streamName",
        "start",
        "len", "offset", "code", "level", "description", "transition", "flex.messaging.io.ArrayCollection", "flex.messaging.io.ObjectProxy",
        "é\0",
    ];

    /// <summary>A value in AMF0.</summary>
    public void Value0(List<byte> output, int depth = 0)
    {
        int marker = depth > 6 ? random.Next(7) : random.Next(40) switch { 39 => random.Next(256), > 28 => 2, int n => n % 19 };
        output.Add((byte)marker);
        switch (marker)
        {
            case 0:
                Number(output);
                break;
            case 1:
                output.Add((byte)random.Next(3));
                break;
            case 2:
                Text0(output);
                break;
            case 3:
                Properties0(output, depth);
                break;
            case 7:
                output.AddRange([0, (byte)random.Next(5)]);
                break;
            case 8:
                Count(output, random.Next(4));
                Properties0(output, depth);
                break;
            case 10:
                int items = random.Next(5);
                Count(output, items);
                for (int i = 0; i < items; i++)
                {
                    Value0(output, depth + 1);
                }

                break;
            case 11:
                Number(output);
                output.AddRange([0, 0]);
                break;
            case 12 or 15:
                byte[] text = Text();
                Count(output, text.Length);
                output.AddRange(text);
                break;
            case 16:
                Text0(output);
                Properties0(output, depth);
                break;
            case 17:
                Value3(output, depth);
                break;
        }
    }

    /// <summary>A value in AMF3.</summary>
    public void Value3(List<byte> output, int depth = 0)
    {
        int marker = depth > 6 ? random.Next(7) : random.Next(30) == 0 ? random.Next(256) : random.Next(18);
        output.Add((byte)marker);
        if (marker is > 6 and <= 17 && random.Next(8) == 0)
        {
            UInt29(output, (uint)random.Next(6) << 1); // a reference
            return;
        }

        int items = random.Next(4);
        switch (marker)
        {
            case 4:
                UInt29(output, (uint)random.Next());
                break;
            case 5:
                Number(output);
                break;
            case 6:
                Text3(output);
                break;
            case 7 or 11 or 12:
                byte[] text = Text();
                UInt29(output, (uint)Lie(text.Length) << 1 | 1);
                output.AddRange(text);
                break;
            case 8:
                UInt29(output, 1);
                Number(output);
                break;
            case 9:
                UInt29(output, (uint)Lie(items) << 1 | 1);
                Dynamic3(output, depth);
                for (int i = 0; i < items; i++)
                {
                    Value3(output, depth + 1);
                }

                break;
            case 10:
                Object3(output, depth);
                break;
            case 13 or 14 or 15:
                UInt29(output, (uint)Lie(items) << 1 | 1);
                output.Add((byte)random.Next(2));
                for (int i = 0; i < items * (marker == 15 ? 8 : 4); i++)
                {
                    output.Add((byte)random.Next(256));
                }

                break;
            case 16:
                UInt29(output, (uint)Lie(items) << 1 | 1);
                output.Add((byte)random.Next(2));
                Text3(output);
                for (int i = 0; i < items; i++)
                {
                    Value3(output, depth + 1);
                }

                break;
            case 17:
                UInt29(output, (uint)Lie(items) << 1 | 1);
                output.Add((byte)random.Next(2));
                for (int i = 0; i < items * 2; i++)
                {
                    Value3(output, depth + 1);
                }

                break;
        }
    }

    /// <summary>A number that somebody may not have thought of.</summary>
    public double AnyNumber() => random.Next(16) switch
    {
        0 => double.NaN,
        1 => double.PositiveInfinity,
        2 => double.NegativeInfinity,
        3 => double.MaxValue,
        4 => -1,
        5 => -2000,
        6 => 4294967295,
        7 => 4294967296,
        8 => 9.3e18,
        9 => 0.5,
        10 => double.Epsilon,
        _ => random.Next(100_000),
    };

    private void Object3(List<byte> output, int depth)
    {
        if (random.Next(6) == 0)
        {
            UInt29(output, (uint)random.Next(4) << 2 | 1); // traits that were sent before
        }
        else
        {
            int members = random.Next(4);
            bool isExternalizable = random.Next(8) == 0;
            bool isDynamic = random.Next(2) == 0;
            UInt29(output, (uint)Lie(members) << 4 | (isDynamic ? 8u : 0) | (isExternalizable ? 4u : 0) | 3);
            Text3(output);
            for (int i = 0; i < members; i++)
            {
                Text3(output);
            }

            for (int i = 0; i < members; i++)
            {
                Value3(output, depth + 1);
            }

            if (!isDynamic)
            {
                return;
            }
        }

        Dynamic3(output, depth);
    }

    private void Dynamic3(List<byte> output, int depth)
    {
        for (int i = random.Next(3); i > 0; i--)
        {
            Text3(output);
            Value3(output, depth + 1);
        }

        output.Add(1); // the empty name
    }

    private void Properties0(List<byte> output, int depth)
    {
        for (int i = random.Next(4); i > 0; i--)
        {
            Text0(output);
            Value0(output, depth + 1);
        }

        output.AddRange([0, 0, 9]);
    }

    private void Number(List<byte> output)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, AnyNumber());
        output.AddRange(bytes);
    }

    private byte[] Text() => random.Next(12) switch
    {
        0 => [0xFF, 0xC0, 0x80],
        1 => new byte[random.Next(300)],
        _ => Encoding.UTF8.GetBytes(Names[random.Next(Names.Length)]),
    };

    private void Text0(List<byte> output)
    {
        byte[] text = Text();
        int length = Lie(text.Length);
        output.AddRange([(byte)(length >> 8), (byte)length]);
        output.AddRange(text);
    }

    private void Text3(List<byte> output)
    {
        if (random.Next(8) == 0)
        {
            UInt29(output, (uint)random.Next(6) << 1);
            return;
        }

        byte[] text = Text();
        UInt29(output, (uint)Lie(text.Length) << 1 | 1);
        output.AddRange(text);
    }

    private void Count(List<byte> output, int count)
    {
        count = Lie(count);
        output.AddRange([(byte)(count >> 24), (byte)(count >> 16), (byte)(count >> 8), (byte)count]);
    }

    /// <summary>Now and then a length is not what it should be.</summary>
    private int Lie(int length) => random.Next(60) switch
    {
        0 => length + 1,
        1 => Math.Max(0, length - 1),
        2 => 0xFFFF,
        3 => 0xFFFFFFF,
        _ => length,
    };

    private static void UInt29(List<byte> output, uint value)
    {
        value &= 0x1FFFFFFF;
        if (value >= 0x200000)
        {
            output.AddRange([(byte)(value >> 22 | 0x80), (byte)(value >> 15 | 0x80), (byte)(value >> 8 | 0x80), (byte)value]);
            return;
        }

        if (value >= 0x4000)
        {
            output.Add((byte)(value >> 14 | 0x80));
        }

        if (value >= 0x80)
        {
            output.Add((byte)(value >> 7 | 0x80));
        }

        output.Add((byte)(value & 0x7F));
    }
}

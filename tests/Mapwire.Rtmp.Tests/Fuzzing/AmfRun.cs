using Mapwire.Fuzzing;
using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// AMF alone: what was read can be written and read again, a part of a value is no value, and all ways to read one agree.
/// </summary>
internal static class AmfRun
{
    private static readonly AmfLimits Wide = new() { MaxDepth = 100, MaxValues = 1 << 20 };

    /// <summary>Text that references unfold into more than this is not written out.</summary>
    private const int MostText = 1 << 14;

    /// <summary>Reads all values in the bytes.</summary>
    public static RtmpError? Run(byte[] bytes, bool isAmf3, FeatureSet features)
    {
        List<AmfValue> values = [];
        int firstEnd = -1;
        RtmpProtocolException? refusal = null;
        try
        {
            if (isAmf3)
            {
                Amf3Reader reader = new(bytes);
                for (; !reader.IsAtEnd; firstEnd = firstEnd < 0 ? reader.Offset : firstEnd)
                {
                    values.Add(reader.ReadValue());
                }
            }
            else
            {
                Amf0Reader reader = new(bytes);
                for (; !reader.IsAtEnd; firstEnd = firstEnd < 0 ? reader.Offset : firstEnd)
                {
                    values.Add(reader.ReadValue());
                }
            }
        }
        catch (RtmpProtocolException e)
        {
            refusal = e;
            Assert.InRange(e.Offset, 0, bytes.Length);
            features.AddMessage(e.Message);
        }

        foreach (AmfValue value in values)
        {
            features.Add("value", (int)value.Kind, Math.Min(value.Height, 5),
                FeatureSet.Size(value.Properties.Length + value.Items.Length));
            Assert.True(value.Weight <= AmfLimits.Default.MaxValues + 1 && value.Height <= AmfLimits.Default.MaxDepth);
            int left = MostText;
            if (!Fits(value, ref left))
            {
                continue;
            }

            AmfValue again = isAmf3 ? Again3(value) : Again0(value);
            // AMF0 has no integers: those of AMF3 values inside come back as numbers, and then stay as they are.
            bool mayHaveIntegers = !isAmf3 && bytes.AsSpan().Contains((byte)Amf0Marker.AvmPlus);
            Assert.Equal(mayHaveIntegers ? Again0(again) : value, again);
        }

        if (firstEnd > 0)
        {
            CutOff(bytes.AsSpan(0, (int)(new Cuts(bytes).Next() % (ulong)firstEnd)), isAmf3);
        }

        if (!isAmf3 && values.Count > 0)
        {
            Agree(bytes, values[0]);
        }

        return refusal?.Error;
    }

    private static AmfValue Again3(AmfValue value)
    {
        Amf3Writer writer = new(default);
        writer.WriteValue(value);
        Amf3Reader reader = new(writer.Written, Wide);
        AmfValue again = reader.ReadValue();
        Assert.True(reader.IsAtEnd);
        writer.Dispose();
        return again;
    }

    private static AmfValue Again0(AmfValue value)
    {
        Amf0Writer writer = new(default);
        writer.WriteValue(value);
        Amf0Reader reader = new(writer.Written, Wide);
        AmfValue again = reader.ReadValue();
        Assert.True(reader.IsAtEnd);
        writer.Dispose();
        return again;
    }

    /// <summary>A value whose end is missing is refused.</summary>
    private static void CutOff(ReadOnlySpan<byte> front, bool isAmf3)
    {
        try
        {
            if (isAmf3)
            {
                new Amf3Reader(front).ReadValue();
            }
            else
            {
                new Amf0Reader(front).ReadValue();
            }
        }
        catch (RtmpProtocolException)
        {
            return;
        }

        Assert.Fail($"The first {front.Length} bytes of a value are a value.");
    }

    /// <summary>The readers of one type take what the reader of all types does, or refuse it.</summary>
    private static void Agree(byte[] bytes, AmfValue value)
    {
        try
        {
            Assert.Equal(value.AsNumber(), new Amf0Reader(bytes).ReadNumber());
        }
        catch (RtmpProtocolException)
        {
            Assert.Null(value.AsNumber());
        }

        try
        {
            Assert.Equal(value.AsString(), new Amf0Reader(bytes).ReadString());
            Assert.Equal(value.AsString(), System.Text.Encoding.UTF8.GetString(new Amf0Reader(bytes).ReadUtf8()));
        }
        catch (RtmpProtocolException)
        {
            Assert.Null(value.AsString());
        }

        Amf0Reader skipping = new(bytes);
        skipping.Skip();
        Amf0Reader reading = new(bytes);
        reading.ReadValue();
        Assert.Equal(reading.Offset, skipping.Offset);
    }

    /// <summary>
    /// Whether the writers take it: sealed members may have no name (AMF3 3.12), dynamic ones, which are all that is written, may not.
    /// </summary>
    private static bool Fits(AmfValue value, ref int left)
    {
        left -= 1 + (value.AsString() ?? value.AsXml() ?? value.ClassName ?? "").Length + value.AsBytes().Length;
        foreach (AmfProperty property in value.Properties)
        {
            left -= property.Name.Length;
            if (left < 0 || property.Name.Length == 0 || !Fits(property.Value, ref left))
            {
                return false;
            }
        }

        foreach (AmfValue item in value.Items)
        {
            if (left < 0 || !Fits(item, ref left))
            {
                return false;
            }
        }

        return left >= 0;
    }
}

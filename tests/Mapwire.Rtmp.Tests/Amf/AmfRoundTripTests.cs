using FsCheck;
using FsCheck.Fluent;
using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Tests.Amf;

public sealed class AmfRoundTripTests
{
    private static readonly AmfLimits Wide = new() { MaxValues = 1 << 20, MaxDepth = 64 };

    [Fact]
    public void Amf0_reads_back_what_it_wrote() => Prop.ForAll(AmfValues.Any(amf3: false).ToArbitrary(), value =>
    {
        byte[] bytes = Amf0(value);
        Amf0Reader reader = new(bytes, Wide);
        Assert.Equal(value, reader.ReadValue());
        Assert.True(reader.IsAtEnd);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Amf3_reads_back_what_it_wrote() => Prop.ForAll(AmfValues.Any(amf3: true).ToArbitrary(), value =>
    {
        byte[] bytes = Amf3(value);
        Amf3Reader reader = new(bytes, Wide);
        Assert.Equal(value, reader.ReadValue());
        Assert.True(reader.IsAtEnd);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Damaged_bytes_are_read_or_refused_and_nothing_else() => Prop.ForAll(
        (from value in AmfValues.Any(
            amf3: true)
         from amf3 in Gen.Elements(true, false)
         from seed in Gen.Choose(0, int.MaxValue)
         select (value, amf3,
            seed)).ToArbitrary(),
        run =>
        {
            byte[] bytes = run.amf3 ? Amf3(run.value) : Amf0(run.value);
            for (int length = 0; length < Math.Min(bytes.Length, 200); length++)
            {
                Survive(bytes[..length], run.amf3);
            }

            Random random = new(run.seed);
            for (int i = 0; i < 100; i++)
            {
                byte[] flipped = [.. bytes];
                flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
                Survive(flipped, run.amf3);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Random_bytes_are_read_or_refused_and_nothing_else()
    {
        Random random = new(1);
        byte[] bytes = new byte[200];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            // Mostly markers: random bytes alone end at once.
            for (int j = 0; j < bytes.Length; j += 1 + i % 3)
            {
                bytes[j] = (byte)(bytes[j] % 0x13);
            }

            Survive(bytes, i % 2 == 0);
        }
    }

    private static void Survive(byte[] bytes, bool amf3)
    {
        try
        {
            if (amf3)
            {
                _ = new Amf3Reader(bytes).ReadValue();
            }
            else
            {
                _ = new Amf0Reader(bytes).ReadValue();
            }
        }
        catch (RtmpProtocolException e)
        {
            Assert.InRange(e.Offset, 0, bytes.Length);
            Assert.Contains(e.Error.ToString(), e.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Amf0(AmfValue value)
    {
        using Amf0Writer writer = new(new byte[10]);
        writer.WriteValue(value);
        return writer.Written.ToArray();
    }

    private static byte[] Amf3(AmfValue value)
    {
        using Amf3Writer writer = new(new byte[10]);
        writer.WriteValue(value);
        return writer.Written.ToArray();
    }
}

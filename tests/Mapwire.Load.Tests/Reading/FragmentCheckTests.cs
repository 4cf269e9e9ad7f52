using System.Buffers.Binary;
using System.Text;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Tests.Reading;

/// <summary>Each rule about boxes, shown to find a segment that breaks it.</summary>
public sealed class FragmentCheckTests
{
    private static readonly byte[] Init =
        [.. Box("ftyp", "iso6"u8.ToArray()), .. Box("moov", Box("mvex", Box("trex", [.. Words(0, 1, 1, 100, 7, 0)])))];

    [Fact]
    public void Good_segments_pass_whatever_pieces_they_come_in()
    {
        byte[] first = [.. Box("styp", "iso6"u8.ToArray()), .. Segment(0, 3, 21)];
        for (int piece = 1; piece <= first.Length; piece += 3)
        {
            FragmentCheck check = new();
            Run(check, Init, isInit: true, piece);
            Run(check, first, isInit: false, piece);
            Run(check, Segment(300, 2, 14), isInit: false, piece);
            Run(check, [.. Segment(500, 2, 14), .. Segment(700, 1, 7)], isInit: false, piece);
            check.Jump();
            Run(check, Segment(100, 2, 14), isInit: false, piece);
        }
    }

    [Theory]
    [InlineData(299, null)] // the writer's guess of a last sample may be off
    [InlineData(401, "a track has a hole")]
    [InlineData(199, "a track goes back")]
    public void Times_that_do_not_go_on_are_found(int time, string? rule) =>
        Breaks(rule, Segment(0, 3, 21), Segment(time, 1, 7));

    [Fact]
    public void Samples_that_do_not_fill_their_mdat_are_found()
    {
        Breaks("exactly", Segment(0, 3, 20));
        Breaks("exactly", Segment(0, 3, 22));
        Breaks("samples do not", [.. Box("moof", Traf(0, Words(0x201, 2, 8, 5, 6))), .. Box("mdat", new byte[12])]); // sizes of their own
    }

    [Fact]
    public void Boxes_out_of_order_are_found()
    {
        Breaks("without its moof", [.. Box("mdat", new byte[7]), .. Segment(0, 1, 7)]);
        Breaks("no moof", Box("styp", []));
        Breaks("no moof", Box("moof", Traf(0, Words(0x1, 1, 8))));
        Breaks("without its mdat", [.. Box("moof", Traf(0, Words(1, 1, 8))), .. Segment(0, 1, 7)]);
        Breaks("inside a segment", [.. Init, .. Segment(0, 1, 7)]);
    }

    [Fact]
    public void A_body_that_is_cut_is_found()
    {
        byte[] good = Segment(0, 1, 7);
        for (int length = 1; length < good.Length; length++)
        {
            Breaks(length == good.Length - 15 ? "no moof" : "middle", good[..length]);
        }
    }

    [Fact]
    public void A_bad_init_segment_is_found()
    {
        Refuses("without a moov", Box("ftyp", []));
        Refuses("without a trex", Box("moov", []));
        Refuses("with samples", [.. Init, .. Segment(0, 1, 7)]);
    }

    [Fact]
    public void What_the_boxes_say_in_vain_is_found()
    {
        byte[] stranger = Box("moof", Box("traf", [.. Box("tfhd", Words(0, 2)), .. Box("tfdt", Words(0, 0))]));
        Breaks("does not have", stranger);
        Breaks("tfhd before", Box("moof", Box("traf", Box("trun", Words(0, 0)))));
        Breaks("tfhd and tfdt", Box("moof", Box("traf", Box("tfhd", Words(0, 1)))));
        Breaks("cut off", [.. Box("moof", Traf(0, Words(0x201, 9, 8, 5))), .. Box("mdat", new byte[12])]);
        Breaks("impossible size", [0, 0, 0, 7, .. "free"u8, 0, 0, 0, 0, 0]);
        Breaks("cannot be read", Box("moof", Box("traf", Box("tfhd", [0, 0]))));
    }

    private static void Refuses(string rule, byte[] init) =>
        Assert.Contains(rule, Fault(() => Run(new FragmentCheck(), init, isInit: true, 5)), StringComparison.Ordinal);

    private static void Breaks(string? rule, params byte[][] segments)
    {
        FragmentCheck check = new();
        Run(check, Init, isInit: true, 9);
        void RunAll() => Array.ForEach(segments, segment => Run(check, segment, isInit: false, 9));
        if (rule is null)
        {
            RunAll();
        }
        else
        {
            Assert.Contains(rule, Fault(RunAll), StringComparison.Ordinal);
        }
    }

    private static string Fault(Action run) => Assert.Throws<ContentException>(run).Message;

    private static void Run(FragmentCheck check, byte[] body, bool isInit, int piece)
    {
        check.Begin(isInit);
        for (int at = 0; at < body.Length; at += piece)
        {
            check.Receive(body.AsSpan(at, Math.Min(piece, body.Length - at)));
        }

        check.OnEnd();
    }

    /// <summary>Samples of 100 ticks and 7 bytes, as the init segment's defaults say.</summary>
    private static byte[] Segment(int time, int samples, int payload) =>
        [.. Box("moof", Traf(time, Words(1, samples, 8))), .. Box("mdat", new byte[payload])];

    private static byte[] Traf(int time, byte[] trun) => Box("traf",
        [.. Box("tfhd", Words(0x20000, 1)), .. Box("tfdt", Words(0x1000000, 0, time)), .. Box("trun", trun)]);

    private static byte[] Box(string type, byte[] body) => [.. Words(8 + body.Length), .. Encoding.ASCII.GetBytes(type), .. body];

    private static byte[] Words(params int[] words)
    {
        byte[] bytes = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), words[i]);
        }

        return bytes;
    }
}

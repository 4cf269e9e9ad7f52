using System.Buffers.Binary;
using System.Text;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Tests.Reading;

/// <summary>Each rule about boxes, shown to find a segment that breaks it.</summary>
public sealed class FragmentCheckTests
{
    private static readonly byte[] Init =
        [.. Box("ftyp", "iso6"u8.ToArray()), .. Box("moov", Box("mvex", Box("trex", [.. Words(0, 1, 1, 100, 7, 0)])))];

    /// <summary>Two tracks of 1000 ticks a second, whose samples take 100 ticks and 7 bytes.</summary>
    private static readonly byte[] TwoTracks =
        Box("moov",
        [
            .. Trak(1, isLong: false), .. Trak(2, isLong: true),
            .. Box("mvex", [.. Box("trex", Words(0, 1, 1, 100, 7, 0)), .. Box("trex", Words(0, 2, 1, 100, 7, 0))]),
        ]);

    /// <summary>Where the payload begins behind a moof of one traf with one run.</summary>
    private const int DataAt = 8 + 8 + 16 + 20 + 20 + 8;

    /// <summary>The same of two.</summary>
    private const int TwoAt = DataAt + 8 + 16 + 20 + 20;

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
        Breaks("samples do not", // sizes of their own
            [.. Box("moof", Traf(0, Words(0x201, 2, DataAt + 8, 5, 6))), .. Box("mdat", new byte[12])]);
    }

    [Theory]
    [InlineData(0, 14, null)]
    [InlineData(21, 0, null)] // in the other order
    [InlineData(0, 13, "exactly")] // overlapping
    [InlineData(0, 0, "exactly")] // both the same bytes
    [InlineData(0, 15, "exactly")] // with a hole, and past the end
    [InlineData(14, 0, "exactly")] // each at the other's place
    [InlineData(-8, 6, "exactly")] // inside the header
    [InlineData(1000, 1014, "exactly")] // elsewhere
    public void Runs_that_do_not_lie_side_by_side_in_their_mdat_are_found(int video, int sound, string? rule) =>
        BreaksOf(TwoTracks, rule, TwoSegment(Traf(1, 0, 2, TwoAt + video), Traf(2, 0, 3, TwoAt + sound)));

    [Fact]
    public void Runs_are_found_from_where_their_boxes_say()
    {
        byte[] behind = Box("trun", Words(0, 3)); // behind the run before, as it says no place
        int start = DataAt + behind.Length;
        byte[] two = Box("traf", [.. Box("tfhd", Words(0x20000, 1)), .. Box("tfdt", Words(0x1000000, 0, 0)),
            .. Box("trun", Words(1, 2, start)), .. behind]);
        Breaks(null, [.. Box("moof", two), .. Box("mdat", new byte[35])]);
        byte[] elsewhere = Box("traf", [.. Box("tfhd", Words(1, 1, 0, 5000)), .. Box("tfdt", Words(0x1000000, 0, 0)),
            .. Box("trun", Words(1, 2, 10)), .. behind]); // counted from the beginning of a file of which this is a part
        Breaks(null, [.. Box("moof", elsewhere), .. Box("mdat", new byte[35])]);
    }

    [Fact]
    public void A_track_that_never_comes_is_found_and_one_that_begins_late_or_ends_early_is_not()
    {
        byte[] both = TwoSegment(Traf(1, 0, 2, TwoAt), Traf(2, 0, 3, TwoAt + 14));
        byte[] Video(int time, int samples) => [.. Box("moof", Traf(1, time, samples, DataAt)), .. Box("mdat", new byte[7 * samples])];
        BreaksOf(TwoTracks, null, both, Video(200, 500)); // sound of less than a second
        BreaksOf(TwoTracks, "a track does not come", Video(5000, 101));
        BreaksOf(TwoTracks, null, Video(5000, 99)); // it may still
    }

    [Fact]
    public void A_track_without_samples_says_where_it_is()
    {
        byte[] empty = Box("traf", [.. Box("tfhd", Words(0x20000, 1)), .. Box("tfdt", Words(0x1000000, 0, 900))]);
        Breaks(null, Segment(0, 3, 21), [.. Box("moof", empty), .. Box("mdat", [])], Segment(900, 1, 7));
        Breaks("a hole", Segment(0, 3, 21), [.. Box("moof", empty), .. Box("mdat", [])], Segment(1100, 1, 7));
        Breaks(null, [.. Box("moof", []), .. Box("mdat", [])]); // and one alone need not be named
    }

    [Fact]
    public void Another_init_segment_lets_tracks_go_on_unless_the_next_segment_begins_anywhere()
    {
        FragmentCheck check = new();
        Run(check, Init, isInit: true, 9);
        Run(check, Segment(0, 3, 21), isInit: false, 9);
        Run(check, Init, isInit: true, 9);
        Assert.Contains("a hole", Fault(() => Run(check, Segment(500, 1, 7), isInit: false, 9)), StringComparison.Ordinal);
        check.Jump();
        Run(check, Segment(500, 1, 7), isInit: false, 9);
    }

    [Fact]
    public void Boxes_out_of_order_are_found()
    {
        Breaks("without its moof", [.. Box("mdat", new byte[7]), .. Segment(0, 1, 7)]);
        Breaks("no moof", Box("styp", []));
        Breaks("no moof", Box("moof", Traf(0, Words(0x1, 1, DataAt))));
        Breaks("without its mdat", [.. Box("moof", Traf(0, Words(1, 1, DataAt))), .. Segment(0, 1, 7)]);
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

    private static void Breaks(string? rule, params byte[][] segments) => BreaksOf(Init, rule, segments);

    private static void BreaksOf(byte[] init, string? rule, params byte[][] segments)
    {
        FragmentCheck check = new();
        Run(check, init, isInit: true, 9);
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
        [.. Box("moof", Traf(time, Words(1, samples, DataAt))), .. Box("mdat", new byte[payload])];

    /// <summary>A segment of two tracks, of which the first has two samples and the other three.</summary>
    private static byte[] TwoSegment(byte[] video, byte[] sound) => [.. Box("moof", [.. video, .. sound]), .. Box("mdat", new byte[35])];

    private static byte[] Traf(int time, byte[] trun) => Traf(1, time, trun);

    private static byte[] Traf(int track, int time, int samples, int offset) => Traf(track, time, Words(1, samples, offset));

    private static byte[] Traf(int track, int time, byte[] trun) => Box("traf",
        [.. Box("tfhd", Words(0x20000, track)), .. Box("tfdt", Words(0x1000000, 0, time)), .. Box("trun", trun)]);

    private static byte[] Trak(int id, bool isLong) => Box("trak",
    [
        .. Box("tkhd", isLong ? Words(0x1000000, 0, 1, 0, 1, id) : Words(0, 1, 1, id)),
        .. Box("mdia", Box("mdhd", isLong ? Words(0x1000000, 0, 1, 0, 1, 1000) : Words(0, 1, 1, 1000))),
    ]);

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

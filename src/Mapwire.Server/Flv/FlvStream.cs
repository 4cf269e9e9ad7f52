using System.Buffers;
using System.Runtime.CompilerServices;
using Mapwire.Media.Flv;
using Mapwire.Server.Live;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <summary>
/// What a reel is as FLV, byte for byte: a head that is made once, then messages, then what says that tracks are over. All viewers of a
/// whole title share it.
/// </summary>
internal sealed class FlvStream
{
    private static readonly CreateCursor PlainCursors = static (title, _, range, position) =>
        new StripCursor<FlvFraming>(title, new FlvFraming(title.Codecs), range, position);

    private static readonly CreateCursor FramedCursors = static (title, _, range, position) =>
        new StripCursor<WebSocketFlvFraming>(title, new WebSocketFlvFraming(title.Codecs), range, position);

    private static readonly CreateLiveCursor PlainLiveCursors = static (stream, format, tracks, _, place, zero) =>
        new LiveCursor<FlvFraming>(stream, format, tracks, place, zero, static codecs => new FlvFraming(codecs));

    private static readonly CreateLiveCursor FramedLiveCursors = static (stream, format, tracks, _, place, zero) =>
        new LiveCursor<WebSocketFlvFraming>(stream, format, tracks, place, zero, static codecs => new WebSocketFlvFraming(codecs));

    private static readonly ConditionalWeakTable<Title, FlvStream> Whole = [];

    private FlvStream(byte[] head, FlvLayout? layout, byte[] tail) => (Head, Layout, Tail) = (head, layout, tail);

    /// <summary>The file header, onMetaData, and what is told of the tracks before their samples.</summary>
    public byte[] Head { get; }

    /// <summary>Where the messages lie; null where their length is not known: of lists, and of what loops.</summary>
    public FlvLayout? Layout { get; }

    /// <summary>What is told behind the last sample, where the length is known.</summary>
    public byte[] Tail { get; }

    /// <summary>All its bytes; null where that is not known.</summary>
    public long? Length => Layout is null ? null : Head.Length + Layout.Length + Tail.Length;

    /// <summary>A live stream: what comes before its messages is told to each viewer where it begins.</summary>
    public static FlvStream Endless { get; } = new([], null, []);

    /// <summary>Makes the cursors of viewers of live streams.</summary>
    /// <param name="isFramed">Whether they are sent WebSocket frames.</param>
    public static CreateLiveCursor CreateLiveCursor(bool isFramed) => isFramed ? FramedLiveCursors : PlainLiveCursors;

    /// <summary>Makes the cursors of viewers.</summary>
    /// <param name="isFramed">Whether they are sent WebSocket frames.</param>
    public static CreateCursor CreateCursor(bool isFramed) => isFramed ? FramedCursors : PlainCursors;

    /// <summary>The stream of a reel if it is known already.</summary>
    public static FlvStream? Find(Reel reel) =>
        reel.IsWhole && Whole.TryGetValue(reel.Parts[0].Title, out FlvStream? known) ? known : null;

    /// <summary>Makes the stream of a reel, in some milliseconds an hour of film: not on a loop's thread.</summary>
    /// <param name="reel">Held by the caller.</param>
    /// <param name="isFollowed">Whether more will come behind it, so that its length is not known.</param>
    public static FlvStream Create(Reel reel, bool isFollowed = false)
    {
        PlayerStream player = new(0, PlainCursors);
        player.Start(new PendingPlay(reel, default, ReelTime.Zero, -1), PlayerTime.Zero, now: 0);
        StripCursor cursor = player.Cursor!;
        try
        {
            FlvStream stream = Create(reel, cursor, isFollowed);
            return reel.IsWhole && !isFollowed ? Keep(cursor.Title, stream) : stream;
        }
        finally
        {
            cursor.Retire();
        }
    }

    private static FlvStream Create(Reel reel, StripCursor cursor, bool isFollowed)
    {
        FlvLayout? layout = reel is { Parts.Length: 1, Loops: false } && !isFollowed ? new FlvLayout(cursor) : null;
        ArrayBufferWriter<byte> tail = new();
        if (layout is not null)
        {
            int first = cursor.Place;
            cursor.MoveTo(cursor.End, 0);
            FlvTags.Write(tail, cursor, LaneMessages.EndsOf(cursor.Title));
            cursor.MoveTo(first, 0);
        }

        FlvMetadata metadata = new(reel, cursor, layout);
        int headLength = CreateHead(reel, cursor, metadata.Write(0, 0)).Length;
        long length = headLength + (layout?.Length ?? 0) + tail.WrittenCount;
        return new FlvStream(CreateHead(reel, cursor, metadata.Write(headLength, length)), layout, tail.WrittenSpan.ToArray());
    }

    /// <summary>Keeps the stream of a whole title as long as the title is, which counts what that takes.</summary>
    private static FlvStream Keep(Title title, FlvStream stream)
    {
        FlvStream kept = Whole.GetValue(title, _ => stream);
        if (kept == stream)
        {
            title.AddDerived(128 + stream.Head.Length + stream.Tail.Length + (stream.Layout?.ByteSize ?? 0));
        }

        return kept;
    }

    private static byte[] CreateHead(Reel reel, StripCursor cursor, byte[] metadata)
    {
        ArrayBufferWriter<byte> head = new();
        FlvFileHeader.Write(head.GetSpan(FlvFileHeader.Length), HasLane(reel, isVideo: false), HasLane(reel, isVideo: true));
        head.Advance(FlvFileHeader.Length);
        FlvTags.Write(head, FlvTagHeader.Script, FlvTags.TimestampOf(cursor), metadata);
        FlvTags.Write(head, cursor, LaneMessages.HeadersAt(cursor, before: null));
        return head.WrittenSpan.ToArray();
    }

    private static bool HasLane(Reel reel, bool isVideo) => reel.Parts.Any(part =>
        isVideo ? part.Title.Codecs.Lanes[StripEntry.VideoLane] is not null : part.Title.Codecs.Lanes.Length > StripEntry.AudioLane);
}

using System.Buffers;
using Mapwire.Media.Flv;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <summary>Writes tags that are made once, not laid around mapped bytes: metadata and what is told of tracks.</summary>
internal static class FlvTags
{
    /// <summary>Writes a tag and its length behind it.</summary>
    public static void Write(IBufferWriter<byte> output, int type, uint timestamp, ReadOnlySpan<byte> body)
    {
        int length = FlvTagHeader.Length + body.Length + FlvTagHeader.TrailerLength;
        Span<byte> tag = output.GetSpan(length);
        FlvTagHeader.Write(tag, type, body.Length, timestamp);
        body.CopyTo(tag[FlvTagHeader.Length..]);
        FlvTagHeader.WriteTrailer(tag[(FlvTagHeader.Length + body.Length)..], body.Length);
        output.Advance(length);
    }

    /// <summary>Writes what is told of tracks, at the time of a cursor.</summary>
    public static void Write(IBufferWriter<byte> output, StripCursor cursor, IEnumerable<LaneMessage> messages) =>
        Write(output, TimestampOf(cursor), messages);

    /// <summary>Writes what is told of tracks, at a time.</summary>
    public static void Write(IBufferWriter<byte> output, uint timestamp, IEnumerable<LaneMessage> messages)
    {
        foreach ((int lane, ReadOnlyMemory<byte> body) in messages)
        {
            Write(output, StripEntry.IsVideoLane(lane) ? FlvTagHeader.Video : FlvTagHeader.Audio, timestamp, body.Span);
        }
    }

    /// <summary>The timestamp of what comes before the next message of a cursor.</summary>
    public static uint TimestampOf(StripCursor cursor) => unchecked((uint)cursor.PlayerTime.Milliseconds);
}

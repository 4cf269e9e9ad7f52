namespace Mapwire.Server.Strips;

/// <summary>What a player is told of a track beside its samples, in any protocol: configurations, colours and ends.</summary>
/// <param name="Lane">Whose it is.</param>
/// <param name="Body">A codec header and what it announces; never empty.</param>
internal readonly record struct LaneMessage(int Lane, ReadOnlyMemory<byte> Body);

/// <summary>Says which messages a player needs before the samples of a cursor, and behind the last one.</summary>
internal static class LaneMessages
{
    /// <summary>Configurations and colours where a cursor stands; all of them, or those that differ from what counted before.</summary>
    /// <param name="cursor">Where the samples begin.</param>
    /// <param name="before">The cursor that is over; null where nothing came before.</param>
    public static IEnumerable<LaneMessage> HeadersAt(StripCursor cursor, StripCursor? before)
    {
        int lanes = Math.Max(cursor.Title.Codecs.Lanes.Length, before?.Title.Codecs.Lanes.Length ?? 0);
        for (int lane = 0; lane < lanes; lane++)
        {
            foreach (ReadOnlyMemory<byte> body in HeadersAt(cursor, before, lane))
            {
                if (!body.IsEmpty)
                {
                    yield return new LaneMessage(lane, body);
                }
            }
        }
    }

    /// <summary>
    /// Configurations of tracks that have no cursor in a strip; all of them, or those that differ from what counted before.
    /// </summary>
    /// <param name="next">How the tracks are headed from here on.</param>
    /// <param name="before">How they were; null where nothing came before.</param>
    public static IEnumerable<LaneMessage> HeadersOf(TitleCodecs next, TitleCodecs? before)
    {
        for (int lane = 0; lane < Math.Max(next.Lanes.Length, before?.Lanes.Length ?? 0); lane++)
        {
            TitleLane? one = lane < next.Lanes.Length ? next.Lanes[lane] : null;
            TitleLane? other = before is not null && lane < before.Lanes.Length ? before.Lanes[lane] : null;
            byte[]? body = one is null ? other?.SequenceEnd
                : other is null || !one.SequenceHeader.AsSpan().SequenceEqual(other.SequenceHeader) ? one.SequenceHeader
                : null;
            if (body is not null)
            {
                yield return new LaneMessage(lane, body);
            }

            if (one is not null && ColorOf(one, other) is { } color)
            {
                yield return new LaneMessage(lane, color);
            }
        }
    }

    /// <summary>What is said of colours where they differ from what counted before; null where nothing is.</summary>
    private static byte[]? ColorOf(TitleLane next, TitleLane? last) =>
        next.ColorInfo.AsSpan().SequenceEqual(last?.ColorInfo) ? null : next.ColorInfo ?? next.ColorReset;

    /// <summary>What is said behind the last sample of tracks that have no cursor in a strip.</summary>
    public static IEnumerable<LaneMessage> EndsOf(TitleCodecs codecs)
    {
        for (int lane = 0; lane < codecs.Lanes.Length; lane++)
        {
            if (codecs.Lanes[lane]?.SequenceEnd is { } end)
            {
                yield return new LaneMessage(lane, end);
            }
        }
    }

    /// <summary>What is said behind the last sample: of tracks with extended headers that they are over.</summary>
    public static IEnumerable<LaneMessage> EndsOf(Title title) => EndsOf(title.Codecs);

    private static IEnumerable<ReadOnlyMemory<byte>> HeadersAt(StripCursor cursor, StripCursor? before, int lane)
    {
        TitleLane? next = LaneOf(cursor, lane);
        TitleLane? last = before is null ? null : LaneOf(before, lane);
        if (next is null)
        {
            yield return last?.SequenceEnd;
            yield break;
        }

        ReadOnlyMemory<byte> header = HeaderAt(cursor, lane);
        if (last is null || !header.Span.SequenceEqual(HeaderAt(before!, lane).Span))
        {
            yield return header;
        }

        if (ColorOf(next, last) is { } color)
        {
            yield return color;
        }
    }

    private static TitleLane? LaneOf(StripCursor cursor, int lane) =>
        lane < cursor.Title.Codecs.Lanes.Length ? cursor.Title.Codecs.Lanes[lane] : null;

    /// <summary>The configuration that counts where a cursor stands.</summary>
    private static ReadOnlyMemory<byte> HeaderAt(StripCursor cursor, int lane) =>
        cursor.Title.Strip.ChangeBefore(cursor.Place, lane) is { } change
        ? cursor.Title.Codecs.ChangeOf(change)
        : LaneOf(cursor, lane)?.SequenceHeader;
}

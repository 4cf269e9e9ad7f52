using System.Runtime.CompilerServices;
using Mapwire.Http.WebSockets;
using Mapwire.Media.Flv;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Strips;

/// <summary>
/// One sample as a tag of an FLV file (FLV 10.1, E.4.1): <c>tag header | codec header | payload | tag length</c>, and nothing around it.
/// </summary>
/// <param name="codecs">The codec headers of the title.</param>
internal readonly struct FlvFraming(TitleCodecs codecs) : IFraming
{
    /// <inheritdoc/>
    public long LengthOf(StripEntry entry, MessageTimes times) => FlvMessage.LengthOf(codecs, entry);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(GatherList list, StripEntry entry, MessageTimes times, nint payload, long skip) =>
        FlvMessage.TryAdd(list, codecs, entry, times, payload, skip, isFramed: false);
}

/// <summary>One sample as a tag of an FLV file in a binary WebSocket frame of its own (RFC 6455, section 5.2), unmasked as a server's.
/// </summary>
/// <param name="codecs">The codec headers of the title.</param>
internal readonly struct WebSocketFlvFraming(TitleCodecs codecs) : IFraming
{
    /// <inheritdoc/>
    public long LengthOf(StripEntry entry, MessageTimes times)
    {
        long length = FlvMessage.LengthOf(codecs, entry);
        return WebSocketFrame.GetHeaderLength(length) + length;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(GatherList list, StripEntry entry, MessageTimes times, nint payload, long skip) =>
        FlvMessage.TryAdd(list, codecs, entry, times, payload, skip, isFramed: true);
}

/// <summary>What the two framings of FLV have in common: the tag.</summary>
internal static class FlvMessage
{
    /// <summary>The most that a message needs of the scratch.</summary>
    public const int MaxScratchLength =
        WebSocketFrame.MaxHeaderLength + FlvTagHeader.Length + SampleHeader.MaxLength + FlvTagHeader.TrailerLength;

    /// <summary>The bytes of a tag and what comes behind it.</summary>
    public static long LengthOf(TitleCodecs codecs, StripEntry entry) =>
        FlvTagHeader.Length + codecs.TagHeaderLength(entry) + entry.Size + FlvTagHeader.TrailerLength;

    /// <inheritdoc cref="IFraming.TryAdd"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAdd(
        GatherList list, TitleCodecs codecs, StripEntry entry, MessageTimes times, nint payload, long skip, bool isFramed)
    {
        if (!list.TryReserve(MaxScratchLength, out Span<byte> scratch))
        {
            return false;
        }

        int header = isFramed ? WebSocketFrame.WriteHeader(scratch, WebSocketOpcode.Binary, LengthOf(codecs, entry)) : 0;
        Span<byte> tag = scratch[header..];
        int length = entry.Size;
        if (!entry.IsChange)
        {
            ref readonly SampleHeader codec = ref codecs.HeaderOf(entry);
            codec.WriteTo(tag[FlvTagHeader.Length..], entry.SyncBit, times.Composition, times.Nanoseconds);
            length += codec.Length;
        }

        int type = FlvTagHeader.Audio + (entry.VideoBit * (FlvTagHeader.Video - FlvTagHeader.Audio));
        FlvTagHeader.Write(tag, type, length, unchecked((uint)times.Time.Milliseconds)); // it wraps at 32 bits
        header += FlvTagHeader.Length + length - entry.Size;
        FlvTagHeader.WriteTrailer(scratch[header..], length);
        return list.TryAddEnclosed(header, payload, entry.Size, FlvTagHeader.TrailerLength, skip);
    }
}

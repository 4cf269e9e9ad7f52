using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Mapwire.Server.Live.Segments;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>Says what a text has to say, at the moment, for who writes it then. Called under <see cref="LiveSegments.Read{T}"/>.</summary>
/// <param name="now">The stream.</param>
/// <returns>Writes it, later and on any thread.</returns>
internal delegate Action<IBufferWriter<byte>> DescribeText(LiveSegments now);

/// <summary>
/// The texts of a live stream as they are at the moment, each written once for all who ask. Any thread may ask: thousands do in the moment
/// in which a part is whole, and none of them takes a lock for a text that is there.
/// </summary>
/// <remarks>
/// The gate of the stream, which its publisher takes as well, is held while it is said what a text has to say; the text is written under
/// no lock of others.
/// </remarks>
/// <param name="segments">The stream.</param>
internal sealed class LiveTexts(LiveSegments segments)
{
    /// <summary>Texts of a version that are kept; wishes are many, and most ask for the same.</summary>
    private const int MaxKept = 32;

    private VersionTexts _current = new(-1, []);

    /// <summary>A text, as it is now.</summary>
    /// <param name="name">What tells it from others.</param>
    /// <param name="describe">Says what it says. What it throws, all are told who ask for this version of the text.</param>
    /// <param name="namesViewer">Whether a viewer's id is put into it.</param>
    public MadeBody Get(string name, DescribeText describe, bool namesViewer = false)
    {
        ConcurrentDictionary<string, Lazy<MadeBody>> texts = Current.Texts;
        if (!texts.TryGetValue(name, out Lazy<MadeBody>? text))
        {
            Lazy<MadeBody> made = new(() => new MadeBody(Write(describe), namesViewer));
            text = texts.Count < MaxKept ? texts.GetOrAdd(name, made) : made;
        }

        return text.Value;
    }

    /// <summary>The names of the tracks that a wish means now, pictures first: wishes are many, and most mean the same tracks.</summary>
    public string NamesOf(LiveTracksWish wish) => string.Concat(Current.Tracks.Where(wish.Has).Select(static track => track.Name));

    /// <summary>The texts of the version that the stream has now, or of a later one.</summary>
    private VersionTexts Current
    {
        get
        {
            VersionTexts current = Volatile.Read(ref _current);
            if (current.Version >= segments.Version)
            {
                return current;
            }

            VersionTexts next = segments.Read(static now =>
                new VersionTexts(now.Version, [.. now.Renditions.Where(LivePlaylists.HasParts)]));
            while (next.Version > current.Version)
            {
                VersionTexts before = Interlocked.CompareExchange(ref _current, next, current);
                if (before == current)
                {
                    return next;
                }

                current = before; // somebody else was faster
            }

            return current;
        }
    }

    private byte[] Write(DescribeText describe)
    {
        Action<IBufferWriter<byte>> write = segments.Read(now => describe(now));
        ArrayBufferWriter<byte> output = new();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What there is of one version.</summary>
    /// <param name="version">Of the stream.</param>
    /// <param name="tracks">Those that have parts, pictures first.</param>
    private sealed class VersionTexts(long version, ImmutableArray<LiveRendition> tracks)
    {
        public long Version => version;

        public ImmutableArray<LiveRendition> Tracks => tracks;

        public ConcurrentDictionary<string, Lazy<MadeBody>> Texts { get; } = new(StringComparer.Ordinal);
    }
}

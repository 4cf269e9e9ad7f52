using Mapwire.Server.Live.Segments;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>The texts of a live stream as they are at the moment, made once for all who ask. Any thread may ask.</summary>
/// <param name="segments">The stream.</param>
internal sealed class LiveTexts(LiveSegments segments)
{
    /// <summary>Texts that are kept; wishes are many, and most ask for the same.</summary>
    private const int MaxKept = 32;

    private readonly Dictionary<string, MadeBody> _texts = [];
    private readonly Lock _gate = new();
    private long _version = -1;

    /// <summary>A text, as it is now.</summary>
    /// <param name="name">What tells it from others.</param>
    /// <param name="write">Writes it, under <see cref="LiveSegments.Read{T}"/>.</param>
    /// <param name="namesViewer">Whether a viewer's id is put into it.</param>
    public MadeBody Get(string name, Func<LiveSegments, byte[]> write, bool namesViewer = false)
    {
        lock (_gate)
        {
            (long version, MadeBody body) = segments.Read(now =>
            {
                if (now.Version != _version || _texts.Count >= MaxKept)
                {
                    _texts.Clear();
                    _version = now.Version;
                }

                return (now.Version, _texts.TryGetValue(name, out MadeBody? known) ? known : new MadeBody(write(now), namesViewer));
            });
            _texts[name] = body;
            return body;
        }
    }
}

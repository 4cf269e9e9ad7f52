using System.Collections.Immutable;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>
/// The media files that a request needs: opened for it, several at once, and let go with it, but for those that its resource takes along.
/// </summary>
/// <param name="files">Opens them.</param>
internal sealed class OpenFiles(FileCatalog files) : IDisposable
{
    private readonly List<MediaFile> _held = [];

    /// <summary>Opens a file. Several may be opened at once: whoever waits for one waits for all of them before it disposes.</summary>
    /// <exception cref="TitleException">It cannot be opened.</exception>
    public async Task<MediaFile> OpenAsync(FoundFile found)
    {
        MediaFile file = await files.OpenAsync(found).ConfigureAwait(false);
        lock (_held)
        {
            _held.Add(file);
        }

        return file;
    }

    /// <summary>Gives files away, each once: whoever takes them releases them.</summary>
    public ImmutableArray<MediaFile> Take(params IEnumerable<MediaFile> taken)
    {
        lock (_held)
        {
            ImmutableArray<MediaFile> given = [.. taken];
            foreach (MediaFile file in given)
            {
                if (!_held.Remove(file))
                {
                    throw new InvalidOperationException($"{file.Name} is not held here.");
                }
            }

            return given;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_held)
        {
            _held.ForEach(static file => file.Release());
            _held.Clear();
        }
    }
}

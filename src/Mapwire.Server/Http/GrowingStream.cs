using System.Diagnostics.CodeAnalysis;
using Mapwire.Server.Files;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>
/// The body of one fragmented MP4 of a film that others are writing: segments as they become whole, until the film rests. What was sent is
/// the beginning of what the film becomes, so it goes on at that byte.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Release disposes of it: bodies are released, not disposed of.")]
internal sealed class GrowingStream : IBody
{
    /// <summary>How often the film is looked at when all of it was sent.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private readonly MediaFile _file; // of the first moment; each later one is of it, too
    private readonly Func<CancellationToken, Task<Resource>> _open;
    private readonly Action _arrived;
    private readonly CancellationTokenSource _released = new();
    private readonly Lock _gate = new();
    private readonly long _headLength;
    private BodyCursor _cursor;
    private int _parts; // of the moments so far
    private long _length; // their bytes
    private bool _isLast; // nothing comes behind the moment at hand
    private Resource? _found; // the next moment, and the fault in its place: under the gate
    private string? _fault;
    private bool _isReleased;

    /// <param name="resource">The film as it is now; its file is held for the body, which releases it.</param>
    /// <param name="open">Opens it as it is later.</param>
    /// <param name="arrived">Called on any thread when there is more: to be gathered again.</param>
    public GrowingStream(Resource resource, Func<CancellationToken, Task<Resource>> open, Action arrived)
    {
        _file = resource.Files[0];
        _open = open;
        _arrived = arrived;
        (_headLength, _parts, _length) = (resource.Body.HeadLength, resource.Body.PartCount, resource.Body.Length);
        _cursor = new BodyCursor(resource, resource.Cut(0, _length), arrived);
    }

    /// <inheritdoc/>
    public bool IsOver => _cursor.IsOver && _isLast;

    /// <inheritdoc/>
    public string? LostReason { get; private set; }

    /// <inheritdoc/>
    public string? FindLost() => _cursor.FindLost();

    /// <inheritdoc/>
    public void Gather(GatherList list, long most, long now)
    {
        TakeFound();
        if (LostReason is null && !_cursor.IsOver)
        {
            _cursor.Gather(list, most, now);
            LostReason = _cursor.LostReason;
        }
    }

    /// <inheritdoc/>
    public void Advance(long sent)
    {
        bool wasOver = _cursor.IsOver;
        _cursor.Advance(sent);
        if (_cursor.IsOver && !wasOver && !_isLast)
        {
            _ = LookAsync();
        }
    }

    /// <inheritdoc/>
    public long NextTurn(long now) => _cursor.IsOver ? TimerWheel.Never : _cursor.NextTurn(now);

    /// <inheritdoc/>
    public void Release()
    {
        Resource? found;
        lock (_gate)
        {
            if (_isReleased)
            {
                return;
            }

            _isReleased = true;
            found = _found;
            _found = null;
        }

        _released.Cancel();
        _released.Dispose();
        _cursor.Release();
        found?.Release();
    }

    private async Task LookAsync()
    {
        Resource? found = null;
        string? fault = null;
        try
        {
            CancellationToken released = _released.Token;
            await Task.Delay(LookInterval, released).ConfigureAwait(false);
            found = await _open(released).ConfigureAwait(false);
        }
        catch (Exception exception) // a file that is gone, or the connection
        {
            fault = exception.Message;
        }

        lock (_gate)
        {
            if (!_isReleased)
            {
                (_found, _fault) = (found, fault);
                found = null;
            }
        }

        found?.Release();
        _arrived();
    }

    /// <summary>Goes on with the next moment of the film, if it was opened.</summary>
    private void TakeFound()
    {
        Resource? found;
        lock (_gate)
        {
            (found, LostReason) = (_found, LostReason ?? _fault);
            _found = null;
        }

        if (found is null)
        {
            return;
        }

        LostReason ??= found.Files[0] != _file ? "another file has its name now"
            : !found.Body.Continues(_headLength, _parts, _length) ? "what was added does not continue what was sent"
            : null;
        if (LostReason is not null)
        {
            found.Release();
            return;
        }

        _isLast = !found.IsGrowing;
        if (found.Body.Length == _length)
        {
            found.Release();
            if (!_isLast)
            {
                _ = LookAsync();
            }

            return;
        }

        long from = _length;
        (_parts, _length) = (found.Body.PartCount, found.Body.Length);
        _cursor.Release();
        _cursor = new BodyCursor(found, found.Cut(from, _length), _arrived);
    }
}

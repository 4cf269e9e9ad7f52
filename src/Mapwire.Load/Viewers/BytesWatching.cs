namespace Mapwire.Load.Viewers;

/// <summary>Takes a file, and looks at no byte of it.</summary>
/// <param name="target">Path and query.</param>
internal sealed class BytesWatching(string target) : Watching
{
    private string _target = target;
    private bool _isOver;

    /// <inheritdoc/>
    public override bool IgnoresMedia => true;

    /// <inheritdoc/>
    public override bool TryGetNext(long now, out Fetch fetch)
    {
        fetch = new Fetch(_target, FetchKind.Media, now);
        return !_isOver;
    }

    /// <inheritdoc/>
    public override void OnRedirect(string target) => _target = target;

    /// <inheritdoc/>
    public override void OnBody(ReadOnlySpan<byte> bytes, long now) => IsPlaying = true;

    /// <inheritdoc/>
    public override void OnEnd(long now)
    {
        IsPlaying = true;
        _isOver = true;
    }
}

namespace Mapwire.Memory.Sharing;

/// <summary>Takes a message of a ring.</summary>
/// <typeparam name="TState">What the caller hands along.</typeparam>
/// <param name="message">The message, in place: valid until the handler returns.</param>
/// <param name="state">What the caller handed along.</param>
public delegate void RingHandler<in TState>(ReadOnlySpan<byte> message, TState state) where TState : allows ref struct;

namespace Mapwire.Memory.Sharing;

/// <summary>Something that <see cref="SharedWait"/> can wait for together with others: a <see cref="SharedEvent"/>, a
/// <see cref="RingConsumer"/> or a <see cref="BroadcastReader"/>. It is not for other types to implement.</summary>
public interface ISharedSignal
{
    /// <summary>The object that is waited at.</summary>
    internal SharedObject Target { get; }

    /// <summary>Tries once: takes the signal of an auto-reset event; a message stays where it is.</summary>
    internal bool TryFinish(ref WaitLook look);
}

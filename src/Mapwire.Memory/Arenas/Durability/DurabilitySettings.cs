namespace Mapwire.Memory.Arenas;

/// <summary>What tests of durable files set: the defaults are those of every program.</summary>
internal sealed record DurabilitySettings
{
    public static DurabilitySettings Default { get; } = new();

    /// <summary>The initial length of a commit log in bytes, and the length at which it is reused from its start. Default 1 MiB: a
    /// checkpoint every few hundred small commits.</summary>
    public int LogLength { get; init; } = 1 << 20;

    /// <summary>Told of each durable step after it is done; null for no recorder.</summary>
    public Action<DurableStep>? Recorder { get; init; }
}

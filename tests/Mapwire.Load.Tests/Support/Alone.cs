namespace Mapwire.Load.Tests.Support;

/// <summary>Tests that keep both processors busy, and so run when no other does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

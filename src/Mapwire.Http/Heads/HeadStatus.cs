namespace Mapwire.Http.Heads;

/// <summary>What a look at received bytes found.</summary>
public enum HeadStatus
{
    /// <summary>The head does not end in the bytes yet: look again, with the same bytes and more.</summary>
    Incomplete,

    /// <summary>A head that is understood without a doubt.</summary>
    Simple,

    /// <summary>Anything else. All bytes received so far are another reader's.</summary>
    Foreign,
}

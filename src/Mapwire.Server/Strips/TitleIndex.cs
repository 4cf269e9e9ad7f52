namespace Mapwire.Server.Strips;

/// <summary>Everything about a title but its bytes: the strip, the codec headers and the metadata.</summary>
/// <param name="Strip">The samples in send order.</param>
/// <param name="Codecs">The codec headers.</param>
/// <param name="Metadata">The body of the onMetaData message, AMF0.</param>
/// <param name="Duration">How long it plays; a run-up that an edit list hides takes no time.</param>
/// <param name="LeftOut">What of the file is left out of play, tracks and what is cut off or damaged, a line each.</param>
internal sealed record TitleIndex(Strip Strip, TitleCodecs Codecs, byte[] Metadata, TimeSpan Duration, string[] LeftOut)
{
    /// <summary>What it costs to keep besides what all titles of the file share, in bytes.</summary>
    public long ByteSize => ((Strip.Count - Strip.SettledCount) * 16L) + Metadata.Length + Codecs.Changes.Length + 1024;
}

using Mapwire.Server.Sending;

namespace Mapwire.Server.Strips;

/// <summary>
/// How entries of a strip become messages of a protocol: headers of its own laid between the mapped bytes. A struct, so that a cursor over
/// it is compiled for it.
/// </summary>
/// <remarks>
/// The same input gives the same bytes each time, so a message that a full socket cut anywhere goes on at that byte.
/// </remarks>
internal interface IFraming
{
    /// <summary>The bytes of a message, headers and payload.</summary>
    /// <param name="entry">What it carries.</param>
    /// <param name="times">When, for this viewer.</param>
    long LengthOf(StripEntry entry, MessageTimes times);

    /// <summary>Adds a message to a gather list, from a byte of it on.</summary>
    /// <param name="list">Takes as much as it has room for.</param>
    /// <param name="entry">What it carries.</param>
    /// <param name="times">When, for this viewer.</param>
    /// <param name="payload">Where the entry's payload is mapped.</param>
    /// <param name="skip">How many bytes of the message are on the wire already.</param>
    /// <returns>True when the rest of the message is in the list whole.</returns>
    bool TryAdd(GatherList list, StripEntry entry, MessageTimes times, nint payload, long skip);
}

/// <summary>The times of a message for one viewer.</summary>
/// <param name="Time">When it is due.</param>
/// <param name="Composition">Its composition offset, in milliseconds.</param>
/// <param name="Nanoseconds">What its time is short of; only where the codec header has a place for it.</param>
internal readonly record struct MessageTimes(PlayerTime Time, int Composition, int Nanoseconds);

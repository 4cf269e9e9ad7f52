namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>What came of some bytes: the same, however they were cut.</summary>
/// <param name="Calls">All calls with all their arguments, as one number.</param>
/// <param name="Count">How many calls there were.</param>
/// <param name="Error">What the peer was refused for; null when it was not.</param>
/// <param name="Offset">Where.</param>
/// <param name="MessageType">In which message.</param>
/// <param name="State">The session after it, as one number.</param>
internal readonly record struct Outcome(ulong Calls, int Count, RtmpError? Error, long Offset, byte? MessageType, ulong State);

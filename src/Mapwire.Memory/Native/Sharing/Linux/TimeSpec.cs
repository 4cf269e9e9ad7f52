namespace Mapwire.Memory.Native.Sharing.Linux;

/// <summary><c>struct timespec</c> of 64-bit systems.</summary>
internal struct TimeSpec
{
    public long Seconds;
    public long Nanoseconds;
}

namespace Mapwire.Memory.Native.Posix;

/// <summary>F_RDLCK, F_WRLCK and F_UNLCK, which each system numbers its own way.</summary>
internal enum LockKind
{
    Shared,
    Exclusive,
    None,
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native;

/// <summary>Owns mapped pages and the address space around them (guards, reserve). The handle is the address of the first page
/// that belongs to the region; a region without pages is the invalid handle.</summary>
/// <remarks>The reference count of <see cref="SafeHandle"/> is what leases are made of: pages go when the last one lets go.</remarks>
internal abstract class SafePages : SafeHandle
{
    private TaskCompletionSource? _unmapped; // made for a waiter, which is rare
    private int _gone;
    private int _leases; // of users who may go on after the disposal
    private volatile bool _isDisposed;

    protected SafePages() : base(invalidHandleValue: 0, ownsHandle: true) { }

    /// <summary>The file, kept open where flushing or growing will need it; else null.</summary>
    public SafeFileHandle? File { get; private set; }

    /// <summary>The file to read shared pages from instead, as long as it is open; else null.</summary>
    public SafeFileHandle? ReadableFile { get; set; }

    /// <summary>Whether address space was asked for to grow into.</summary>
    public bool CanGrow { get; set; }

    /// <summary>Whether the file was opened for writing.</summary>
    public bool FileWritable { get; set; }

    /// <summary>Whether growing sets disk space aside.</summary>
    public bool Preallocates { get; set; }

    /// <summary>Whether the system does not tell which pages are in memory.</summary>
    public bool IsResidencyHidden { get; set; }

    /// <summary>The file that was opened for this region alone; closed with the pages. A handle, since finalizers may close it.</summary>
    public SafeFileHandle? OwnFile { get; set; }

    /// <summary>The region to tell just before the pages go.</summary>
    public MappedRegion? Owner { get; set; }

    /// <summary>Bytes mapped from <see cref="Base"/> on, a multiple of the page.</summary>
    public long MappedBytes { get; protected set; }

    /// <summary>Bytes of address space kept from <see cref="Base"/> on; at least <see cref="MappedBytes"/>.</summary>
    public long ReservedBytes { get; protected set; }

    public nint Base => handle;

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether the program has disposed of them. Those that it dropped go when the collector finds that no call is in progress:
    /// what refers to them after that is a mistake, which has to be a fault and not a store into nothing.</summary>
    protected bool IsDisposed => _isDisposed;

    /// <summary>Completes when the pages are gone.</summary>
    public Task Unmapped
    {
        get
        {
            TaskCompletionSource made = new(TaskCreationOptions.RunContinuationsAsynchronously);
            TaskCompletionSource unmapped = Interlocked.CompareExchange(ref _unmapped, made, null) ?? made;
            if (IsInvalid || Volatile.Read(ref _gone) != 0)
            {
                unmapped.TrySetResult();
            }

            return unmapped.Task;
        }
    }

    /// <summary>Keeps the pages mapped until <see cref="EndLease"/>, whoever disposes of them meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">They are disposed of; that others still have leases does not count.</exception>
    public void BeginLease()
    {
        Interlocked.Increment(ref _leases);
        if (IsDisposed || !TryAddReference())
        {
            Interlocked.Decrement(ref _leases);
            throw Disposed();
        }
    }

    public void EndLease()
    {
        Interlocked.Decrement(ref _leases);
        DangerousRelease();
    }

    /// <summary>Keeps the pages mapped for a call, until <see cref="EndCall"/>. After the disposal only calls of those who hold a lease go
    /// on: calls that follow each other on many threads must not keep the pages for ever.</summary>
    /// <exception cref="ObjectDisposedException">They are disposed of, and nobody holds a lease.</exception>
    public void BeginCall()
    {
        if ((IsDisposed && Volatile.Read(ref _leases) == 0) || !TryAddReference())
        {
            throw Disposed();
        }
    }

    public void EndCall() => DangerousRelease();

    /// <summary>Keeps <paramref name="file"/> open as long as the pages.</summary>
    public void Keep(SafeFileHandle file)
    {
        bool added = false;
        file.DangerousAddRef(ref added);
        File = file;
    }

    /// <summary>Maps more pages behind the mapped ones, or gives the last ones back; the address space stays.</summary>
    /// <param name="request">The mapping as it shall be: <see cref="MapRequest.Length"/> bytes, at most what was reserved.</param>
    public abstract void Resize(in MapRequest request);

    protected abstract bool Unmap();

    private bool TryAddReference()
    {
        bool added = false;
        try
        {
            DangerousAddRef(ref added);
        }
        catch (ObjectDisposedException)
        {
            // Said below, in the name of what the program knows.
        }

        return added;
    }

    private static ObjectDisposedException Disposed() => new(typeof(MappedRegion).FullName);

    protected override void Dispose(bool disposing)
    {
        _isDisposed |= disposing;
        base.Dispose(disposing);
    }

    protected sealed override bool ReleaseHandle()
    {
        Owner?.ForgetPages(); // before unmapping: what begins now gets an exception
        bool done = Unmap();
        File?.DangerousRelease();
        OwnFile?.Dispose();
        Interlocked.Exchange(ref _gone, 1); // before looking for a waiter; a new waiter looks the other way round
        Volatile.Read(ref _unmapped)?.TrySetResult();
        return done;
    }
}

/// <summary>The pages of a region of length zero, which no system maps: only the count of leases is real.</summary>
internal sealed class NoPages : SafePages
{
    public override bool IsInvalid => false;

    public override void Resize(in MapRequest request) =>
        throw new InvalidOperationException("Cannot resize: the region was mapped without MapOptions.Reserve.");

    protected override bool Unmap() => true;
}

namespace Mapwire.Memory.Actors;

/// <summary>Cuts a file that another process reads through a mapping, and makes it whole again, on command.</summary>
/// <remarks>The control file holds four numbers of 8 bytes: the order's number, the order's argument (a length, or -1 to make the
/// file whole), the number of the last order done, and 1 when the process shall end.</remarks>
public static class Cutter
{
    /// <summary>Where the number of the newest order is.</summary>
    public const int Order = 0;

    /// <summary>Where the length to cut to is.</summary>
    public const int Argument = 8;

    /// <summary>Where the number of the last order done is.</summary>
    public const int Done = 16;

    /// <summary>Where the sign to end is.</summary>
    public const int End = 24;

    /// <summary>The length of the control file.</summary>
    public const int ControlLength = 32;

    /// <summary>The length of the whole file.</summary>
    public const int FileLength = 64 * 4096;

    /// <summary>The byte at i of the whole file; never zero, so that a hole is told from it.</summary>
    public static byte Pattern(long i) => (byte)((i * 7 + i / 4096 * 13) % 255 + 1);

    /// <summary>Works until told to end.</summary>
    public static void Run(string path, string control)
    {
        var whole = new byte[FileLength];
        for (int i = 0; i < whole.Length; i++)
        {
            whole[i] = Pattern(i);
        }

        using MappedFile orders = MappedFile.Create(control, ControlLength);
        using MappedRegion desk = orders.Map();
        using MappedFile file = MappedFile.Create(path, FileLength);
        RandomAccess.Write(file.Handle, whole, 0);
        for (long next = 1; ; next++)
        {
            SpinWait pause = new();
            while (Interlocked.Read(ref Field(desk, Order)) < next)
            {
                if (Interlocked.Read(ref Field(desk, End)) != 0)
                {
                    return;
                }

                pause.SpinOnce(sleep1Threshold: -1);
            }

            long argument = Interlocked.Read(ref Field(desk, Argument));
            if (argument >= 0)
            {
                Thread.SpinWait((int)(next * 7919 % 3000)); // the reader is somewhere in its reads by then
                file.SetLength(argument);
            }
            else
            {
                file.SetLength(FileLength);
                RandomAccess.Write(file.Handle, whole, 0);
            }

            Interlocked.Exchange(ref Field(desk, Done), next);
        }
    }

    /// <summary>A number of the control file, to be shared between processes.</summary>
    public static ref long Field(MappedRegion desk, int offset) =>
        ref System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(desk.AsSpan(offset, 8))[0];
}

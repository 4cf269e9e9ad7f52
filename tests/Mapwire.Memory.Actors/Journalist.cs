using System.Buffers.Binary;

namespace Mapwire.Memory.Actors;

/// <summary>Appends records to a ring in a shared file under a range lock, flushes each and says so, until it is killed.</summary>
/// <remarks>Layout: the number of the next record (8 bytes), then from <see cref="Start"/> on <see cref="Slots"/> records of
/// <see cref="RecordLength"/> bytes, record n in slot n modulo <see cref="Slots"/>.</remarks>
public static class Journalist
{
    /// <summary>Where the records begin.</summary>
    public const int Start = 4096;

    /// <summary>Records in the ring.</summary>
    public const int Slots = 64;

    /// <summary>Bytes in a record: not a divisor of a page, so that records lie across pages.</summary>
    public const int RecordLength = 1000;

    /// <summary>The whole file.</summary>
    public const int FileLength = Start + Slots * RecordLength;

    /// <summary>What record n looks like.</summary>
    public static byte[] Record(long n)
    {
        var record = new byte[RecordLength];
        BinaryPrimitives.WriteInt64LittleEndian(record, n);
        for (int i = 8; i < record.Length; i++)
        {
            record[i] = (byte)(n * 31 + i);
        }

        return record;
    }

    /// <summary>Works until the end of the process, or of its standard output.</summary>
    public static void Run(string path)
    {
        using MappedFile file = MappedFile.Create(path, FileLength);
        using MappedRegion region = file.Map();
        using Stream output = Console.OpenStandardOutput();
        Span<byte> said = stackalloc byte[8];
        while (true)
        {
            long n;
            using (RangeLock.Acquire(file, 0, FileLength))
            {
                n = region.Read<long>(0);
                long offset = Start + n % Slots * RecordLength;
                Record(n).CopyTo(region.AsSpan(offset, RecordLength));
                region.Flush(offset, RecordLength);
                region.Write(0, n + 1);
                region.Flush(0, 8);
            }

            BinaryPrimitives.WriteInt64LittleEndian(said, n);
            try
            {
                output.Write(said);
                output.Flush();
            }
            catch (IOException)
            {
                return; // nobody listens any more
            }
        }
    }
}

using System.Buffers.Binary;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>
/// The file beside an arena that gets each commit first. Synced, it is what survives; the arena's file is written after it.
/// </summary>
/// <remarks>
/// <code>
///    0 mark (8) | log id (8) | arena id (8) | CRC-32C of these (4)
/// 4096 records (<see cref="CommitRecord"/>), each from a multiple of 4096 on
/// </code>
/// Sequences go up by one. The record that is looked for first is the one behind what the arena's file is known to have, so what is left
/// of older records is never taken for a new one. No two records share a page: writing one cannot tear another.
/// </remarks>
internal sealed class CommitLog : IDisposable
{
    public const ulong Mark = 0x3230474f4c41574d; // "MWALOG02"

    private const int Page = CommitRecord.Page;
    private const int MaxKeptLength = 16 << 20;

    /// <summary>The header.</summary>
    public static readonly FileHeader Header = new(Mark, 0, 24);

    private readonly MappedFile _file;
    private readonly DurableFile _log;
    private readonly FileIdentity _identity;
    private readonly int _usualLength;
    private long _end = Page;

    private CommitLog(MappedFile file, ulong id, DurabilitySettings settings)
    {
        _file = file;
        _log = new DurableFile(file.Handle, file.Path, settings.Recorder);
        _identity = file.Identity;
        _usualLength = settings.LogLength;
        Id = id;
    }

    /// <summary>The id of this log, drawn when it was created.</summary>
    public ulong Id { get; }

    /// <summary>Whether it is time to bring the arena's file up to date and reuse the log from its start.</summary>
    public bool IsFull => _end >= _usualLength;

    /// <summary>The path of an arena's log.</summary>
    public static string PathOf(string arena) => arena + ".mwlog";

    /// <summary>Creates an empty log, in place of an old one of the same arena that is not needed any more. It is on the device when this
    /// returns.</summary>
    /// <param name="arena">The arena's path.</param>
    /// <param name="arenaId">The arena's id.</param>
    /// <param name="id">The id of the new log.</param>
    /// <param name="settings">Length and recorder.</param>
    /// <exception cref="IOException">The file there is not a log of this arena, or the device is full or fails.</exception>
    public static CommitLog Create(string arena, ulong arenaId, ulong id, DurabilitySettings settings)
    {
        CommitLog log = new(MappedFile.Create(PathOf(arena), 0), id, settings);
        try
        {
            log.RequireReplaceable(arenaId);
            var page = new byte[Page];
            BinaryPrimitives.WriteUInt64LittleEndian(page, Mark);
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(8), id);
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(16), arenaId);
            Header.Seal(page);
            log._log.Write(0, page);
            var zeros = new byte[64 * Page];
            for (int at = Page; at < log._usualLength; at += zeros.Length)
            {
                log._log.Write(at, zeros.AsSpan(0, Math.Min(zeros.Length, log._usualLength - at))); // so that a commit changes no metadata
            }

            log._log.Sync();
            log._log.SyncFolder();
            return log;
        }
        catch
        {
            log._file.DeleteIfMade();
            log.Dispose();
            throw;
        }
    }

    /// <summary>Writes a commit and waits until the device has it.</summary>
    /// <exception cref="IOException">The device is full or fails; nothing is committed then.</exception>
    public void Append(CommitRecord record)
    {
        _log.Write(_end, record.Padded);
        _log.Sync();
        _end += record.Padded.Length;
    }

    /// <summary>Reuses the log from its start. The arena's file has everything, and is known to.</summary>
    public void Restart()
    {
        if (_end > MaxKeptLength)
        {
            _log.SetLength(_usualLength);
        }

        _end = Page;
    }

    /// <summary>Closes it and removes it: the arena's file is known to have everything.</summary>
    public void Remove()
    {
        _file.Dispose();
        _log.Remove(_identity);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>A file of this name is taken only if it is empty, all zeros (a log whose creation a loss of power cut short) or a log of
    /// the same arena.</summary>
    private void RequireReplaceable(ulong arenaId)
    {
        Span<byte> header = stackalloc byte[Header.Bytes];
        if (Header.Judge(header[.._log.Read(0, header)]) == HeaderVerdict.Intact)
        {
            ulong owner = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
            if (owner != arenaId)
            {
                throw new IOException(
                    $"Cannot create the commit log '{_file.Path}': the file there is the log of another arena (id {owner:x16}, "
                    + $"not {arenaId:x16}). "
                    + "Move it to that arena, or delete it if the arena is gone.");
            }

            return;
        }

        if (!IsAllZero())
        {
            throw new IOException(
                $"Cannot create the commit log '{_file.Path}': the file there is not a commit log. Rename it or the arena.");
        }
    }

    private bool IsAllZero()
    {
        var part = new byte[64 * Page];
        int have;
        for (long at = 0; (have = _log.Read(at, part)) > 0; at += have)
        {
            if (part.AsSpan(0, have).ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }
}

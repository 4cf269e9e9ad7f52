namespace Mapwire.Memory.Arenas;

public sealed partial class Arena
{
    private const int MaxFreesAtOnce = 48; // a change has room for some more: a container goes with its contents

    /// <summary>Lists the blocks that nothing leads to from the root: what a program leaves that is killed between steps which were not one
    /// change.</summary>
    /// <param name="roots">Offsets that lead to blocks as well and are kept outside of the arena, as in another file.</param>
    /// <remarks>It looks for offsets in all bytes of all blocks and needs not know their types; so offsets must be stored as they are, not
    /// packed into fewer bytes or mixed with flags. The time is in proportion to the bytes in use, and the arena is held.</remarks>
    /// <exception cref="ArenaFormatException">The arena is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public IReadOnlyList<UnreachableBlock> FindUnreachable(params ReadOnlySpan<long> roots)
    {
        using Scope scope = EnterScope();
        return [.. Scan(roots).Select(block => new UnreachableBlock(block.Payload, block.Bytes, ArenaInspector.NameOf(block.Kind)))];
    }

    /// <summary>Frees what <see cref="FindUnreachable"/> lists. Where offsets are kept in other places, as in variables of a running
    /// program, nothing may be freed unless they are given.</summary>
    /// <param name="roots">As for <see cref="FindUnreachable"/>.</param>
    /// <returns>How many blocks were freed.</returns>
    /// <exception cref="InvalidOperationException">The arena is open for reading only, or a change is under way on this thread.</exception>
    /// <exception cref="ArenaFormatException">The arena is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public int FreeUnreachable(params ReadOnlySpan<long> roots)
    {
        using Scope scope = EnterScope();
        if (Transactions.IsChanging)
        {
            throw new InvalidOperationException("A change is under way on this thread: complete it before FreeUnreachable.");
        }

        List<(long Payload, BlockKind Kind)> blocks = ContainersFirst(Scan(roots));
        for (int freed = 0; freed < blocks.Count;)
        {
            using ArenaChange change = BeginChange();
            int end = Math.Min(freed + MaxFreesAtOnce, blocks.Count);
            while (end < blocks.Count && blocks[end].Kind == BlockKind.Contents && end < freed + ArenaHeader.MaxFrees)
            {
                end++; // not apart from its container: no caller should find one without the other
            }

            for (; freed < end; freed++)
            {
                Transactions.Release(blocks[freed].Payload, blocks[freed].Kind);
            }

            change.Complete();
        }

        return blocks.Count;
    }

    /// <summary>The blocks in an order in which the contents of a container follow it.</summary>
    private List<(long Payload, BlockKind Kind)> ContainersFirst(List<(long Payload, long Bytes, BlockKind Kind)> found)
    {
        HashSet<long> contents = [.. found.Where(block => block.Kind == BlockKind.Contents).Select(block => block.Payload)];
        List<(long Payload, BlockKind Kind)> ordered = [];
        foreach ((long payload, long bytes, BlockKind kind) in found)
        {
            if (kind == BlockKind.Contents)
            {
                continue;
            }

            ordered.Add((payload, kind));
            for (long at = payload; kind is not (BlockKind.Own or BlockKind.String) && at <= payload + bytes - 8; at += 8)
            {
                if (contents.Remove((long)_space.Word(at)))
                {
                    ordered.Add(((long)_space.Word(at), BlockKind.Contents));
                }
            }
        }

        ordered.AddRange(contents.Select(payload => (payload, BlockKind.Contents)));
        return ordered;
    }

    private List<(long Payload, long Bytes, BlockKind Kind)> Scan(ReadOnlySpan<long> roots)
    {
        if (new ArenaInspector(_space).Inspect().Problems is [string problem, ..]
            && !problem.EndsWith(ArenaInspector.Orphans, StringComparison.Ordinal))
        {
            throw new ArenaFormatException(ArenaError.Damaged, Name, 0, $"what can be reached is not known: {problem}");
        }

        return new ReachabilityScanner(_space).Find(roots);
    }
}

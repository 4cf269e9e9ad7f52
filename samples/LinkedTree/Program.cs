// LinkedTree FILE [WORD...]: a sorted tree of words that lives in a file. A run with words puts them in; a run without walks what the
// runs before have built. Its links are offsets, so it does not matter where the file is mapped.
using Mapwire.Memory.Arenas;

using Arena arena = Arena.CreateOrOpen(args[0], new ArenaOptions { LayoutId = new Guid("0f3c8f2e-6f0e-4f0b-9c43-8d1f9b1c7a01") });
if (arena.GetRoot<Tree>().IsNull)
{
    arena.SetRoot(arena.Allocate<Tree>());
}

Offset<Tree> tree = arena.GetRoot<Tree>();
foreach (string word in args.Skip(1))
{
    using ArenaChange change = arena.BeginChange(); // a word is in the tree or not, whenever this process is killed
    ref Offset<Node> link = ref change.Edit(tree).Top;
    while (!link.IsNull)
    {
        Offset<Node> at = link;
        int order = string.CompareOrdinal(word, arena.Get(at).Word.GetString(arena));
        ref Node node = ref change.Edit(at);
        if (order == 0)
        {
            break;
        }

        link = ref order < 0 ? ref node.Left : ref node.Right;
    }

    if (link.IsNull)
    {
        link = arena.Allocate<Node>();
        change.Edit(link).Word = MappedString.Create(arena, word);
    }

    change.Edit(link).Count++;
    change.Complete();
}

if (args.Length == 1)
{
    Walk(arena.Get(tree).Top);
}

void Walk(Offset<Node> at)
{
    if (at.IsNull)
    {
        return;
    }

    Walk(arena.Get(at).Left);
    Console.WriteLine($"{arena.Get(at).Word.GetString(arena)} {arena.Get(at).Count}");
    Walk(arena.Get(at).Right);
}

[ArenaType]
internal struct Tree
{
    public Offset<Node> Top;
}

[ArenaType]
internal struct Node
{
    public MappedString Word;
    public Offset<Node> Left;
    public Offset<Node> Right;
    public long Count;
}

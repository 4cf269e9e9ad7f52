using System.Reflection;

namespace Mapwire.Memory.Formats;

/// <content>What the offsets of a type lead to.</content>
internal sealed partial class TypeLayout
{
    /// <summary>How many offsets away a layout still counts. Bounds what structures cost that lead to themselves.</summary>
    private const int MaxSteps = 32;

    /// <summary>The fingerprint of a type together with the layouts of all that its offsets lead to, up to 32 offsets away; names do not
    /// matter. It is <see cref="Fingerprint"/> if there are no offsets.</summary>
    /// <exception cref="ArgumentException">The type cannot live in an arena; the message says why.</exception>
    public static ulong ReachableFingerprintOf<T>() where T : unmanaged => Of<T>()._referents.Count == 0
        ? Of<T>().Fingerprint
        : Reachable<T>.Fingerprint;

    private static ulong HashReachable(Type root, TypeLayout layout)
    {
        Dictionary<Type, TypeLayout> layouts = new() { [root] = layout };
        Queue<Type> left = new([root]);
        while (left.TryDequeue(out Type? type))
        {
            foreach (Type referent in layouts[type]._referents.Select(one => one.Type).Where(one => !layouts.ContainsKey(one)).Distinct())
            {
                layouts.Add(referent, new TypeLayout(referent, SizeOf(referent)));
                left.Enqueue(referent);
            }
        }

        // After n rounds the hash of a type stands for all that is up to n offsets away, so a cycle needs no end.
        // A type that is refused has the fingerprint 0.
        Dictionary<Type, ulong> hashes = layouts.ToDictionary(pair => pair.Key, pair => pair.Value.Fingerprint);
        for (int round = 0; round < MaxSteps; round++)
        {
            hashes = layouts.ToDictionary(pair => pair.Key, pair => pair.Value._referents.Aggregate(pair.Value.Fingerprint,
                (hash, one) => Add(Add(hash, one.Place), hashes[one.Type])));
        }

        return hashes[root];
    }

    private static ulong Add(ulong hash, ulong value) => Fnv1A.Add(Fnv1A.Add(hash, (uint)value), (uint)(value >> 32));

    /// <summary>Bytes of a type; 1 for one that is refused for its kind.</summary>
    private static int SizeOf(Type type)
    {
        type = type.IsEnum ? Enum.GetUnderlyingType(type) : type;
        return type.GetCustomAttribute<StoredAsAttribute>() is StoredAsAttribute stored ? Math.Max(1, stored.Count * Leaves[stored.Type])
            : Leaves.TryGetValue(type, out int size) ? size
            : Framework.TryGetValue(type, out StoredField[]? fields) ? fields[^1].Offset + (fields[^1].Size * fields[^1].Count)
            : FieldRegistry.Find(type)?.Size ?? 1;
    }

    private static class Reachable<T> where T : unmanaged
    {
        public static readonly ulong Fingerprint = HashReachable(typeof(T), Of<T>());
    }
}

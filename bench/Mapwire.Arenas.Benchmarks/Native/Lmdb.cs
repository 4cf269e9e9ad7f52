namespace Mapwire.Arenas.Benchmarks.Native;

/// <summary>An LMDB database from numbers to numbers, and one read transaction on it.</summary>
internal sealed unsafe class Lmdb : IDisposable
{
    private readonly nint _environment;
    private readonly nint _reading;
    private readonly uint _database;

    public Lmdb(string folder, long[] keys)
    {
        Check(LmdbCalls.Create(out _environment));
        Check(LmdbCalls.SetMapSize(_environment, 1u << 30));
        Check(LmdbCalls.Open(_environment, folder, LmdbCalls.WriteMap | LmdbCalls.NoSync, 0x1a4));
        Check(LmdbCalls.Begin(_environment, 0, 0, out nint writing));
        Check(LmdbCalls.OpenDatabase(writing, null, LmdbCalls.IntegerKey, out _database));
        foreach (long one in keys)
        {
            // SAFETY: both values are on the stack for the time of the call, which copies them.
            long key = one, data = one;
            LmdbCalls.Value keyValue = new() { Size = 8, Data = &key }, dataValue = new() { Size = 8, Data = &data };
            Check(LmdbCalls.Put(writing, _database, &keyValue, &dataValue, 0));
        }

        Check(LmdbCalls.Commit(writing));
        Check(LmdbCalls.Begin(_environment, 0, LmdbCalls.ReadOnly, out _reading));
    }

    public long Get(long key)
    {
        // SAFETY: the key is on the stack for the time of the call; what it points to is in the map, which the transaction holds.
        LmdbCalls.Value keyValue = new() { Size = 8, Data = &key }, dataValue;
        return LmdbCalls.Get(_reading, _database, &keyValue, &dataValue) == 0 ? *(long*)dataValue.Data : -1;
    }

    public void Dispose()
    {
        LmdbCalls.Abort(_reading);
        LmdbCalls.Close(_environment);
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"LMDB: error {error}.");
        }
    }
}

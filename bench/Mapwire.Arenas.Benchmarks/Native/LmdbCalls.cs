using System.Runtime.InteropServices;

namespace Mapwire.Arenas.Benchmarks.Native;

/// <summary>The calls of LMDB that are compared with.</summary>
internal static unsafe partial class LmdbCalls
{
    public const uint WriteMap = 0x80000;
    public const uint NoSync = 0x10000;
    public const uint ReadOnly = 0x20000;
    public const uint IntegerKey = 0x08;

    private const string Library = "liblmdb.so.0";

    /// <summary>MDB_val.</summary>
    public struct Value
    {
        public nuint Size;
        public void* Data;
    }

    [LibraryImport(Library, EntryPoint = "mdb_env_create")]
    public static partial int Create(out nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_env_set_mapsize")]
    public static partial int SetMapSize(nint environment, nuint size);

    [LibraryImport(Library, EntryPoint = "mdb_env_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(nint environment, string folder, uint flags, uint mode);

    [LibraryImport(Library, EntryPoint = "mdb_env_close")]
    public static partial void Close(nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_txn_begin")]
    public static partial int Begin(nint environment, nint parent, uint flags, out nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_txn_commit")]
    public static partial int Commit(nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_txn_abort")]
    public static partial void Abort(nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_dbi_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenDatabase(nint transaction, string? name, uint flags, out uint database);

    [LibraryImport(Library, EntryPoint = "mdb_put")]
    public static partial int Put(nint transaction, uint database, Value* key, Value* data, uint flags);

    /// <summary>Without what a usual P/Invoke costs: as a program in C would call it.</summary>
    [LibraryImport(Library, EntryPoint = "mdb_get")]
    [SuppressGCTransition]
    public static partial int Get(nint transaction, uint database, Value* key, Value* data);
}

namespace Mapwire.Memory.Analyzers;

/// <summary>A structure whose fields are registered.</summary>
/// <param name="name">Its name, from <c>global::</c> on.</param>
/// <param name="code">The methods that register it; <c>#</c> stands for its number.</param>
/// <param name="isUnsafe">Whether they need an unsafe context.</param>
internal sealed class ArenaStructure(string name, string code, bool isUnsafe) : IEquatable<ArenaStructure>
{
    public string Name => name;

    public string Code => code;

    public bool IsUnsafe => isUnsafe;

    public bool Equals(ArenaStructure? other) => other is not null && other.Name == name && other.Code == code;

    public override bool Equals(object? obj) => Equals(obj as ArenaStructure);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(code);
}

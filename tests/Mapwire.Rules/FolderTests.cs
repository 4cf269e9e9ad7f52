using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mapwire.Rules;

/// <summary>
/// Folders of a room depend downwards only, checked on compiled types: what a type inherits, holds, takes, gives and calls. A constant
/// and a <c>nameof</c> leave no trace in the program and are not seen.
/// </summary>
public sealed class FolderTests
{
    /// <summary>
    /// The folders of each room, lowest first: each may use those before it. The files at a room's root are its face: they may use all,
    /// and all may use them.
    /// </summary>
    private static readonly Dictionary<string, string[]> Layers = new(StringComparer.Ordinal)
    {
        ["Mapwire.Rtmp"] = ["Amf", "Chunks", "Handshakes", "Messages", "Sessions"],
        ["Mapwire.Http"] = ["Heads", "Targets", "Conditional", "WebSockets", "Hls", "Dash"],
        ["Mapwire.Load"] = ["Measuring", "Reading", "Players", "Publishers", "Viewers"],
        ["Mapwire.Server"] =
            ["Loop", "Tls", "Sending", "Sources", "Files", "Strips", "Live", "Playback", "Reports", "Statistics", "Flv", "Rtmp", "Http",
                "Web", "Hosting"],
    };

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Folders_of_a_room_depend_downwards_only(string room) =>
        Violations.None(Upward(ArrowsOf(AssemblyOf(room), room), Layers[room]), $"A folder of {room} uses one that is not below it.");

    [Fact]
    public void A_cycle_of_folders_is_found()
    {
        IReadOnlyList<FolderArrow> arrows = ArrowsOf(typeof(FolderTests).Assembly.Location, "Mapwire.Rules.Planted");
        Assert.Contains(arrows, arrow => arrow is { From: "Upper", To: "Lower" });
        Violations.Found(Upward(arrows, ["Lower", "Upper"]), "Lower -> Upper");
        Violations.Found(Upward(arrows, ["Upper", "Lower"]), "Upper -> Lower"); // no order is right where there is a cycle
        Violations.Found(Upward(arrows, ["Lower"]), "Upper is in no layer");
    }

    public static TheoryData<string> Rooms() => [.. Layers.Keys];

    private static IEnumerable<string> Upward(IEnumerable<FolderArrow> arrows, string[] layers)
    {
        foreach (FolderArrow arrow in arrows)
        {
            int from = Array.IndexOf(layers, arrow.From);
            if (from < 0)
            {
                yield return $"{arrow.From} is in no layer ({arrow.Type})";
            }
            else if (arrow.To.Length > 0 && Array.IndexOf(layers, arrow.To) is int to && (to < 0 || to > from))
            {
                yield return $"{arrow.From} -> {arrow.To}: {arrow.Type} uses {arrow.Used}";
            }
        }
    }

    /// <summary>The arrows between the folders of a room: a folder is the first part of a namespace below the room's own.</summary>
    private static List<FolderArrow> ArrowsOf(string assembly, string room)
    {
        using AssemblyDefinition image = AssemblyDefinition.ReadAssembly(assembly);
        List<FolderArrow> arrows = [];
        foreach (TypeDefinition type in image.MainModule.GetTypes())
        {
            if (FolderOf(type, room) is not { Length: > 0 } from)
            {
                continue;
            }

            arrows.AddRange(UsedBy(type)
                .SelectMany(Parts)
                .Where(used => used.Module == image.MainModule && used.Scope == image.MainModule)
                .Select(used => (Used: used, To: FolderOf(used, room)))
                .Where(pair => pair.To is not null && pair.To != from)
                .Select(pair => new FolderArrow(from, pair.To!, type.FullName, pair.Used.FullName))
                .Distinct());
        }

        return arrows;
    }

    private static string? FolderOf(TypeReference type, string room)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type.Namespace == room ? ""
            : type.Namespace.StartsWith(room + ".", StringComparison.Ordinal) ? type.Namespace[(room.Length + 1)..].Split('.')[0]
            : null;
    }

    private static IEnumerable<TypeReference> UsedBy(TypeDefinition type)
    {
        List<TypeReference?> used =
            [type.BaseType, .. type.Interfaces.Select(one => one.InterfaceType), .. type.Fields.Select(field => field.FieldType)];
        foreach (MethodDefinition method in type.Methods)
        {
            used.Add(method.ReturnType);
            used.AddRange(method.Parameters.Select(parameter => parameter.ParameterType));
            if (method.HasBody)
            {
                used.AddRange(method.Body.Variables.Select(variable => variable.VariableType));
                used.AddRange(method.Body.Instructions.SelectMany(UsedBy));
            }
        }

        return used.OfType<TypeReference>();
    }

    private static IEnumerable<TypeReference?> UsedBy(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod method => [method.DeclaringType, method.ReturnType, .. method.GenericArguments],
        MethodReference method => [method.DeclaringType, method.ReturnType],
        _ => [],
    };

    /// <summary>A type with what it is made of: the element of an array, the arguments of a generic type.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Parts)],
        FunctionPointerType pointer =>
            [.. Parts(pointer.ReturnType), .. pointer.Parameters.SelectMany(parameter => Parts(parameter.ParameterType))],
        TypeSpecification specification => Parts(specification.ElementType),
        GenericParameter => [],
        _ => [type],
    };

    private static string AssemblyOf(string room) => Path.Combine(AppContext.BaseDirectory, room + ".dll");

    private readonly record struct FolderArrow(string From, string To, string Type, string Used);
}

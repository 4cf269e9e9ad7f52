using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Xml.Linq;
using Microsoft.Build.Framework;

namespace Mapwire.Memory.Packaging;

/// <summary>Takes out of a documentation file what is not public or protected in its assembly. MSBuild compiles this task; it is no part of
/// the library.</summary>
/// <remarks>The names of members are those of the C# specification, annex D ("ID string format").</remarks>
public sealed class KeepPublicDocumentation : Microsoft.Build.Utilities.Task
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>The path of the assembly.</summary>
    [Required]
    public string Assembly { get; set; } = "";

    /// <summary>The path of the file, which is changed in place.</summary>
    [Required]
    public string Documentation { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        // From bytes, so that the file is not held by a build server.
        HashSet<string> visible = new(System.Reflection.Assembly.Load(File.ReadAllBytes(Assembly)).GetTypes().Where(IsVisible)
            .SelectMany(type => NamesIn(type)), StringComparer.Ordinal);
        XDocument document = XDocument.Load(Documentation, LoadOptions.PreserveWhitespace);
        XElement members = document.Root!.Element("members")!;
        foreach (XElement member in members.Elements("member").ToArray())
        {
            if (!visible.Contains((string)member.Attribute("name")!))
            {
                (member.PreviousNode as XText)?.Remove(); // its indentation
                member.Remove();
            }
        }

        if (!members.HasElements)
        {
            Log.LogError("{0} would have no member left: names of {1} were not found in it.", Documentation, Assembly);
            return false;
        }

        document.Save(Documentation, SaveOptions.DisableFormatting);
        return true;
    }

    private static IEnumerable<string> NamesIn(Type type)
    {
        string name = NameOf(type);
        yield return "T:" + name;
        foreach (FieldInfo field in type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
        {
            yield return $"F:{name}.{field.Name}";
        }

        foreach (MethodBase method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)).Where(IsVisible))
        {
            string generic = method.IsGenericMethod ? "``" + method.GetGenericArguments().Length : "";
            string result = method is MethodInfo { Name: "op_Implicit" or "op_Explicit" } cast ? "~" + Reference(cast.ReturnType) : "";
            yield return $"M:{name}.{method.Name.Replace('.', '#')}{generic}{Parameters(method.GetParameters())}{result}";
        }

        foreach (PropertyInfo property in type.GetProperties(Declared).Where(property => property.GetAccessors(true).Any(IsVisible)))
        {
            yield return $"P:{name}.{property.Name}{Parameters(property.GetIndexParameters())}";
        }

        foreach (EventInfo change in type.GetEvents(Declared).Where(change => IsVisible(change.GetAddMethod(true)!)))
        {
            yield return $"E:{name}.{change.Name}";
        }
    }

    private static bool IsVisible(Type type) =>
        type.DeclaringType is Type outer ? (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(outer)
            : type.IsPublic;

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string NameOf(Type type) => type.FullName!.Replace('+', '.');

    private static string Parameters(ParameterInfo[] parameters) =>
        parameters.Length == 0 ? "" : $"({string.Join(",", parameters.Select(parameter => Reference(parameter.ParameterType)))})";

    /// <summary>A type as it stands in a list of parameters: type arguments in braces, type parameters by their position.</summary>
    private static string Reference(Type type)
    {
        if (type.IsByRef)
        {
            return Reference(type.GetElementType()!) + "@";
        }

        if (type.IsPointer)
        {
            return Reference(type.GetElementType()!) + "*";
        }

        if (type.IsArray)
        {
            string bounds = string.Join(",", Enumerable.Repeat("0:", type.GetArrayRank()));
            return $"{Reference(type.GetElementType()!)}[{(type.GetArrayRank() == 1 ? "" : bounds)}]";
        }

        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        }

        if (!type.IsGenericType)
        {
            return NameOf(type);
        }

        // Outer`1+Inner`1[A, B] is Outer{A}.Inner{B}.
        string[] arguments = type.GetGenericArguments().Select(Reference).ToArray();
        int used = 0;
        return string.Join(".", NameOf(type.GetGenericTypeDefinition()).Split('.').Select(part =>
        {
            int tick = part.IndexOf('`');
            if (tick < 0)
            {
                return part;
            }

            int count = int.Parse(part.Substring(tick + 1), System.Globalization.CultureInfo.InvariantCulture);
            used += count;
            return $"{part.Substring(0, tick)}{{{string.Join(",", arguments.Skip(used - count).Take(count))}}}";
        }));
    }
}

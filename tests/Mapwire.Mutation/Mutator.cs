using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Mapwire.Mutation;

/// <summary>
/// What can be done to a statement: a condition turned round, an operator swapped, a number moved by one, a call or a store left out.
/// </summary>
internal static class Mutator
{
    private static readonly Dictionary<SyntaxKind, (SyntaxKind Kind, SyntaxKind Token)[]> Swaps = new()
    {
        [SyntaxKind.LessThanExpression] =
            [(SyntaxKind.LessThanOrEqualExpression, SyntaxKind.LessThanEqualsToken),
            (SyntaxKind.GreaterThanOrEqualExpression, SyntaxKind.GreaterThanEqualsToken)],
        [SyntaxKind.LessThanOrEqualExpression] =
            [(SyntaxKind.LessThanExpression, SyntaxKind.LessThanToken), (SyntaxKind.GreaterThanExpression, SyntaxKind.GreaterThanToken)],
        [SyntaxKind.GreaterThanExpression] =
            [(SyntaxKind.GreaterThanOrEqualExpression, SyntaxKind.GreaterThanEqualsToken),
            (SyntaxKind.LessThanOrEqualExpression, SyntaxKind.LessThanEqualsToken)],
        [SyntaxKind.GreaterThanOrEqualExpression] =
            [(SyntaxKind.GreaterThanExpression, SyntaxKind.GreaterThanToken), (SyntaxKind.LessThanExpression, SyntaxKind.LessThanToken)],
        [SyntaxKind.EqualsExpression] = [(SyntaxKind.NotEqualsExpression, SyntaxKind.ExclamationEqualsToken)],
        [SyntaxKind.NotEqualsExpression] = [(SyntaxKind.EqualsExpression, SyntaxKind.EqualsEqualsToken)],
        [SyntaxKind.AddExpression] = [(SyntaxKind.SubtractExpression, SyntaxKind.MinusToken)],
        [SyntaxKind.SubtractExpression] = [(SyntaxKind.AddExpression, SyntaxKind.PlusToken)],
        [SyntaxKind.MultiplyExpression] = [(SyntaxKind.DivideExpression, SyntaxKind.SlashToken)],
        [SyntaxKind.DivideExpression] = [(SyntaxKind.MultiplyExpression, SyntaxKind.AsteriskToken)],
        [SyntaxKind.LogicalAndExpression] = [(SyntaxKind.LogicalOrExpression, SyntaxKind.BarBarToken)],
        [SyntaxKind.LogicalOrExpression] = [(SyntaxKind.LogicalAndExpression, SyntaxKind.AmpersandAmpersandToken)],
    };

    /// <summary>The statements of a file, those that are only an expression behind an arrow included; a block is what is in it.</summary>
    public static IEnumerable<SyntaxNode> Statements(SyntaxNode root) => root.DescendantNodes().Where(static node =>
        node is StatementSyntax and not (BlockSyntax or LocalFunctionStatementSyntax or UnsafeStatementSyntax or EmptyStatementSyntax)
        || node is ArrowExpressionClauseSyntax);

    /// <summary>All that can be done to a statement itself; what is in a statement inside it belongs to that one.</summary>
    public static IReadOnlyList<(SyntaxNode Target, SyntaxNode Replacement, string Change)> Changes(SyntaxNode statement)
    {
        List<(SyntaxNode, SyntaxNode, string)> changes = [];
        if (statement is ExpressionStatementSyntax
            {
                Expression: InvocationExpressionSyntax or AssignmentExpressionSyntax
            or ConditionalAccessExpressionSyntax
            } left)
        {
            changes.Add((left, SyntaxFactory.EmptyStatement(), $"left out: {Mutant.Text(left)}"));
        }

        foreach (ExpressionSyntax expression in statement.DescendantNodes(node => node == statement || node is not StatementSyntax)
            .OfType<ExpressionSyntax>())
        {
            if (!IsConstantPlace(expression) && !IsWithoutMeaning(expression))
            {
                Add(changes, expression);
            }
        }

        return changes;
    }

    private static void Add(List<(SyntaxNode Target, SyntaxNode Replacement, string Change)> changes, ExpressionSyntax expression)
    {
        if (expression is BinaryExpressionSyntax binary
            && Swaps.TryGetValue(binary.Kind(), out (SyntaxKind Kind, SyntaxKind Token)[]? swaps))
        {
            foreach ((SyntaxKind kind, SyntaxKind token) in swaps)
            {
                ExpressionSyntax swapped =
                    SyntaxFactory.BinaryExpression(kind, binary.Left, SyntaxFactory.Token(token).WithTriviaFrom(binary.OperatorToken),
                    binary.Right);
                changes.Add((binary, swapped, $"{Mutant.Text(binary)} => {Mutant.Text(swapped)}"));
            }
        }
        else if (expression is LiteralExpressionSyntax
        {
            RawKind: (int)SyntaxKind.TrueLiteralExpression
            or (int)SyntaxKind.FalseLiteralExpression
        } truth)
        {
            bool isTrue = truth.IsKind(SyntaxKind.TrueLiteralExpression);
            changes.Add(
                (truth, SyntaxFactory.LiteralExpression(isTrue ? SyntaxKind.FalseLiteralExpression : SyntaxKind.TrueLiteralExpression),
                $"{truth} turned round in {Mutant.Text(truth.Parent!)}"));
        }
        else if (expression is LiteralExpressionSyntax { Token.Value: int number } literal)
        {
            ExpressionSyntax moved = SyntaxFactory.ParseExpression((number + 1L).ToString(CultureInfo.InvariantCulture));
            changes.Add((literal, moved, $"{number} => {moved} in {Mutant.Text(literal.Parent!)}"));
        }
        else if (expression.Parent is IfStatementSyntax or WhileStatementSyntax or ReturnStatementSyntax or ArrowExpressionClauseSyntax
            && expression is PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalNotExpression } or IsPatternExpressionSyntax
            || (expression.Parent is IfStatementSyntax or WhileStatementSyntax
            && expression is InvocationExpressionSyntax or IdentifierNameSyntax or MemberAccessExpressionSyntax
            && expression.Parent is IfStatementSyntax or WhileStatementSyntax))
        {
            if (!expression.DescendantNodes().Any(static node => node is SingleVariableDesignationSyntax or DeclarationExpressionSyntax))
            {
                ExpressionSyntax turned = SyntaxFactory.ParseExpression($"!({expression})");
                changes.Add((expression, turned, $"turned round: {Mutant.Text(expression)}"));
            }
        }
    }

    /// <summary>
    /// Whether it is the false of a ConfigureAwait: the server has no context to come back to, so turned round it says the same.
    /// </summary>
    private static bool IsWithoutMeaning(ExpressionSyntax expression) =>
        expression.Parent is ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax call }
        && call.Expression is MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait" };

    /// <summary>Whether the language wants a constant there.</summary>
    private static bool IsConstantPlace(ExpressionSyntax expression) => expression.Ancestors().Any(static node =>
        node is AttributeSyntax or PatternSyntax or CaseSwitchLabelSyntax or ParameterSyntax or EnumMemberDeclarationSyntax
        || node is LocalDeclarationStatementSyntax { IsConst: true }
        || node is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword));
}

namespace Tidegate.Gateway;

/// <summary>What is wrong with a text that someone wrote, and what would be right.</summary>
/// <param name="Problem">A sentence that quotes the offending text.</param>
/// <param name="Cure">A sentence that says what to write instead.</param>
public sealed record TextFault(string Problem, string Cure)
{
    /// <summary>Problem and cure as one line.</summary>
    public override string ToString() => $"{Problem} {Cure}";
}

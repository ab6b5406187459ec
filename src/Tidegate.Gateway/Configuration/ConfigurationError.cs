namespace Tidegate.Gateway.Configuration;

/// <summary>One thing that is wrong in a configuration file, or (as a warning) one that deserves a second look.</summary>
/// <param name="Position">Where.</param>
/// <param name="Problem">What was found there.</param>
/// <param name="Cure">What would be right.</param>
public sealed record ConfigurationError(SourcePosition Position, string Problem, string Cure)
{
    /// <summary>Place, problem and cure as one line.</summary>
    public override string ToString() => Cure.Length == 0 ? $"{Position}: {Problem}" : $"{Position}: {Problem} {Cure}";
}

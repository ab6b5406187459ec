using System.Reflection;
using System.Runtime.Loader;
using Tidegate.Plugins;

namespace Tidegate.Gateway.Security.Plugins;

/// <summary>
/// Assemblies with plug-ins. They come from one directory, which whoever starts the gateway has chosen, and a configuration names files in it
/// and nothing beyond. Each has a context of its own, so that what it brings along does not meet what the gateway uses.
/// </summary>
/// <param name="directory">The full path of the directory; null where there is none.</param>
internal sealed class PluginAssemblies(string? directory)
{
    private readonly Dictionary<string, Assembly> _loaded = new(StringComparer.Ordinal);

    /// <summary>The class of a plug-in.</summary>
    /// <param name="file">The name of the assembly's file.</param>
    /// <param name="name">The full name of the class.</param>
    /// <exception cref="FormatException">It can not be had; the message says why.</exception>
    internal Type Find(string file, string name)
    {
        if (directory is null)
        {
            throw new FormatException("this gateway has no directory for plug-ins");
        }

        if (file != Path.GetFileName(file) || file is "" or "." or ".." || file.Contains('\\', StringComparison.Ordinal))
        {
            throw new FormatException($"\"{file}\" is not the name of a file in {directory}, from where alone plug-ins are taken");
        }

        string path = Path.Combine(directory, file);
        if (!_loaded.TryGetValue(path, out Assembly? assembly))
        {
            _loaded.Add(path, assembly = Load(path));
        }

        Type? type;
        try
        {
            type = assembly.GetType(name, throwOnError: false);
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException or ArgumentException)
        {
            throw new FormatException($"{name} in {path} can not be loaded: {exception.Message.TrimEnd('.')}");
        }

        return type is null ? throw new FormatException($"there is no class {name} in {path}")
            : type is { IsPublic: true, IsAbstract: false, ContainsGenericParameters: false } && type.IsAssignableTo(typeof(ILoginPlugin)) ? type
            : throw new FormatException($"{name} in {path} is not a public class with the interface {typeof(ILoginPlugin).FullName}");
    }

    private static Assembly Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new FormatException($"there is no file {path}");
        }

        try
        {
            return new PluginContext(path).LoadFromAssemblyPath(path);
        }
        // The resolver reads a file beside the assembly, and says so by the second.
        catch (Exception exception) when (exception is IOException or BadImageFormatException or InvalidOperationException or UnauthorizedAccessException)
        {
            throw new FormatException($"{path} can not be loaded: {exception.Message.TrimEnd('.')}");
        }
    }

    private sealed class PluginContext(string path) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(path))
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        // The interface must be the gateway's own, or its types would be others. Null asks the gateway, and so the framework.
        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name != typeof(ILoginPlugin).Assembly.GetName().Name && _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } found ? LoadUnmanagedDllFromPath(found) : 0;
    }
}
